/* All memory of a call: taken piece by piece, given back as a whole. */
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>

#include "internal.h"

#define ALIGN 16
#define FIRST (32u << 10)
#define MOST (4u << 20)

struct block {
  struct block *before;
  /* Bytes of `data`, and those that are taken. */
  size_t size;
  size_t used;
  alignas(ALIGN) char data[];
};

static struct block *top;
/* The call is over: its results are still read, up to the next one. */
static bool over;

/* Memory that grows over a release: a document that was begun before the mark goes on after it. */
struct kept {
  struct kept *before;
  struct kept *after;
  /* Which one it is of all that were begun; the newest is the first in the list. */
  uint64_t number;
  alignas(ALIGN) char data[];
};

static struct kept *kept;
static uint64_t begun;

void *hbx_keep(void *old, size_t size) {
  struct kept *was = old ? (struct kept *)((char *)old - offsetof(struct kept, data)) : NULL;
  struct kept *now = realloc(was, sizeof *now + size);
  if (!now) hbx_mistake("there is no memory for %zu bytes", size);
  if (!was) {
    now->before = NULL;
    now->after = kept;
    now->number = ++begun;
  }
  if (now->before) now->before->after = now;
  else kept = now;
  if (now->after) now->after->before = now;
  return now->data;
}

struct hbx_pooled {
  struct hbx_pooled *before;
  alignas(ALIGN) char data[];
};

void *hbx_pool_alloc(struct hbx_pooled **pool, size_t size) {
  struct hbx_pooled *one = malloc(sizeof *one + size);
  if (!one) hbx_mistake("there is no memory for %zu bytes", size);
  one->before = *pool;
  *pool = one;
  return one->data;
}

void hbx_pool_free(struct hbx_pooled **pool) {
  while (*pool) {
    struct hbx_pooled *before = (*pool)->before;
    free(*pool);
    *pool = before;
  }
}

/* What no release takes. */
static struct hbx_pooled *lasting;

void *hbx_last(size_t size) { return hbx_pool_alloc(&lasting, size); }

/* Those that were begun after this one. */
static void drop_kept(uint64_t number) {
  while (kept && kept->number > number) {
    struct kept *after = kept->after;
    free(kept);
    kept = after;
  }
  if (kept) kept->before = NULL;
}

static void drop(struct block *down_to) {
  while (top != down_to) {
    struct block *before = top->before;
    free(top);
    top = before;
  }
}

void hbx_begin(void) {
  if (!over) return;
  over = false;
  drop_kept(0);
  hbx_pool_free(&lasting);
  if (!top) return;
  /* The first block is kept: most calls need no other. */
  while (top->before) {
    struct block *before = top->before;
    free(top);
    top = before;
  }
  top->used = 0;
}

void hbx_done(void) { over = true; }

static size_t rounded(size_t size) { return (size + (ALIGN - 1)) & ~(size_t)(ALIGN - 1); }

static void grow(size_t size) {
  size_t room = top ? top->size * 2 : FIRST;
  if (room > MOST) room = MOST;
  if (room < size) room = size;
  struct block *block = malloc(sizeof *block + room);
  if (!block) hbx_mistake("there is no memory for %zu bytes", size);
  block->before = top;
  block->size = room;
  block->used = 0;
  top = block;
}

void *hookbox_alloc(size_t size) {
  if (size > SIZE_MAX / 4) hbx_mistake("there is no memory for %zu bytes", size);
  size = rounded(size + 1);
  if (!top || top->size - top->used < size) grow(size);
  char *taken = top->data + top->used;
  top->used += size;
  return taken;
}

void *hbx_realloc(void *old, size_t old_size, size_t align, size_t size) {
  /* No type of the contract is aligned more. */
  if (align > ALIGN) hbx_mistake("memory cannot be aligned to %zu bytes", align);
  if (old && old_size > 0) {
    /* What was taken last grows in its place. */
    size_t taken = rounded(old_size + 1);
    bool last = top && (char *)old + taken == top->data + top->used;
    size_t begins = last ? (size_t)((char *)old - top->data) : 0;
    if (last && size < top->size && rounded(size + 1) <= top->size - begins) {
      top->used = begins + rounded(size + 1);
      return old;
    }
  }
  char *new = hookbox_alloc(size);
  if (old && old_size > 0) memcpy(new, old, old_size < size ? old_size : size);
  return new;
}

hookbox_marked hookbox_mark(void) {
  return (hookbox_marked){top, top ? top->used : 0, begun};
}

void hookbox_release(hookbox_marked mark) {
  drop(mark.block);
  if (top) top->used = mark.used;
  drop_kept(mark.kept);
}
