/* Documents that differ from others. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* Deeper documents are compared as text. */
#define DEEPEST HBX_DEEPEST

/* The document with `len` bytes of `from` in place of those from `at` to `end`. */
static hookbox_json splice(hookbox_json document, const char *at, const char *end, const char *from, size_t len) {
  size_t head = (size_t)(at - document.text), tail = document.len - (size_t)(end - document.text);
  char *text = hookbox_alloc(head + len + tail + 1);
  memcpy(text, document.text, head);
  if (len > 0) memcpy(text + head, from, len);
  memcpy(text + head + len, end, tail);
  text[head + len + tail] = '\0';
  return (hookbox_json){text, head + len + tail};
}

/* Splits a pointer into that of the parent and the last token. False for the empty one and for what is none. */
static bool split(const char *pointer, const char **parent, const char **last, size_t *len) {
  const char *slash = strrchr(pointer, '/');
  if (*pointer != '/' || !slash) return false;
  *parent = hookbox_copy(pointer, (size_t)(slash - pointer));
  *last = hbx_token(&slash, len);
  return *last != NULL;
}

static hookbox_json child(hookbox_json parent, const char *pointer) {
  return hookbox_json_at(parent, strrchr(pointer, '/'));
}

hookbox_json hookbox_json_set(hookbox_json document, const char *pointer, hookbox_json value) {
  const hookbox_json none = {NULL, 0};
  if (!document.text || !value.text) return none;
  if (!*pointer) return value;
  const char *above, *last;
  size_t len;
  if (!split(pointer, &above, &last, &len)) return none;
  hookbox_json parent = hookbox_json_at(document, above);
  hookbox_json_kind kind = hookbox_json_kind_of(parent);
  hookbox_json old = child(parent, pointer);
  if (old.text) return splice(document, old.text, old.text + old.len, value.text, value.len);
  if (kind != HOOKBOX_JSON_OBJECT && kind != HOOKBOX_JSON_ARRAY) return none;
  const char *end = hbx_skip(parent.text, parent.text + parent.len) - 1;
  size_t members = hookbox_json_len(parent);
  const char *comma = members > 0 ? "," : "";
  if (kind == HOOKBOX_JSON_OBJECT) {
    hookbox_json key = hookbox_json_of(last[len] ? hookbox_copy(last, len) : last);
    const char *member = hookbox_text("%s%s:", comma, key.text);
    size_t head = strlen(member);
    char *text = hookbox_alloc(head + value.len + 1);
    memcpy(text, member, head);
    memcpy(text + head, value.text, value.len);
    return splice(document, end, end, text, head + value.len);
  }
  bool behind = (len == 1 && *last == '-') || strcmp(hookbox_copy(last, len), hookbox_text("%zu", members)) == 0;
  if (!behind) return none;
  char *text = hookbox_alloc(value.len + 2);
  size_t head = strlen(comma);
  memcpy(text, comma, head);
  memcpy(text + head, value.text, value.len);
  return splice(document, end, end, text, head + value.len);
}

hookbox_json hookbox_json_remove(hookbox_json document, const char *pointer) {
  const hookbox_json none = {NULL, 0};
  const char *above, *last;
  size_t len;
  if (!document.text || !split(pointer, &above, &last, &len)) return none;
  hookbox_json parent = hookbox_json_at(document, above);
  hookbox_json old = child(parent, pointer);
  if (!old.text) return none;
  /* All but this one, anew: its key and its comma go with it. */
  hookbox_writer *w = hookbox_write();
  bool object = hookbox_json_kind_of(parent) == HOOKBOX_JSON_OBJECT;
  if (object)
    hookbox_write_object(w);
  else
    hookbox_write_array(w);
  HOOKBOX_JSON_EACH(item, parent) {
    if (item.value.text == old.text) continue;
    if (object) hookbox_write_key_n(w, item.key, item.key_len);
    hookbox_write_json(w, item.value);
  }
  hookbox_write_end(w);
  hookbox_json rest = hookbox_written(w);
  return splice(document, parent.text, parent.text + parent.len, rest.text, rest.len);
}

int hbx_by_key(const void *one, const void *other) {
  const hbx_member *a = one, *b = other;
  int order = memcmp(a->key, b->key, a->key_len < b->key_len ? a->key_len : b->key_len);
  return order ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

hbx_member *hbx_members(hookbox_json object, size_t *len) {
  *len = hookbox_json_len(object);
  hbx_member *members = hookbox_alloc((*len + 1) * sizeof *members);
  size_t at = 0;
  HOOKBOX_JSON_EACH(item, object) {
    if (at < *len) members[at++] = (hbx_member){item.key, item.key_len, item.value};
  }
  qsort(members, *len, sizeof *members, hbx_by_key);
  return members;
}

static bool same(hookbox_json one, hookbox_json other, int depth) {
  if (one.len == other.len && memcmp(one.text, other.text, one.len) == 0) return true;
  hookbox_json_kind kind = hookbox_json_kind_of(one);
  if (kind != hookbox_json_kind_of(other) || depth > DEEPEST) return false;
  switch (kind) {
    case HOOKBOX_JSON_STRING: {
      size_t len, others;
      const char *text = hookbox_json_string_n(one, &len), *against = hookbox_json_string_n(other, &others);
      return len == others && memcmp(text, against, len) == 0;
    }
    case HOOKBOX_JSON_BOOL: {
      bool a = false, b = true;
      return hookbox_json_bool(one, &a) && hookbox_json_bool(other, &b) && a == b;
    }
    case HOOKBOX_JSON_NULL: return true;
    case HOOKBOX_JSON_ARRAY: {
      hookbox_json_iter a = hookbox_json_each(one), b = hookbox_json_each(other);
      for (;;) {
        bool more = hookbox_json_next(&a);
        if (more != hookbox_json_next(&b)) return false;
        if (!more) return true;
        if (!same(a.value, b.value, depth + 1)) return false;
      }
    }
    case HOOKBOX_JSON_OBJECT: {
      size_t len, others;
      hbx_member *a = hbx_members(one, &len), *b = hbx_members(other, &others);
      if (len != others) return false;
      for (size_t i = 0; i < len; i++)
        if (hbx_by_key(&a[i], &b[i]) != 0 || !same(a[i].value, b[i].value, depth + 1)) return false;
      return true;
    }
    /* Numbers that are written otherwise are others: nothing is rounded. */
    default: return false;
  }
}

bool hookbox_json_equal(hookbox_json one, hookbox_json other) {
  if (!one.text || !other.text) return one.text == other.text;
  return same(one, other, 0);
}

/* A pointer that is being made; a key may hold a NUL. */
typedef struct {
  const char *text;
  size_t len;
} path;

static void operation(hookbox_writer *w, const char *op, path at, hookbox_json value) {
  hookbox_write_object(w);
  hookbox_write_key(w, "op");
  hookbox_write_string(w, op);
  hookbox_write_key(w, "path");
  hookbox_write_string_n(w, at.text, at.len);
  if (value.text) {
    hookbox_write_key(w, "value");
    hookbox_write_json(w, value);
  }
  hookbox_write_end(w);
}

static path below(path at, const hbx_member *member) {
  char *text = hookbox_alloc(at.len + 2 * member->key_len + 1), *to = text + at.len;
  memcpy(text, at.text, at.len);
  *to++ = '/';
  to = hbx_escape(to, member->key, member->key_len);
  return (path){text, (size_t)(to - text)};
}

static void differ(hookbox_writer *w, path at, hookbox_json before, hookbox_json after, int depth) {
  bool objects = hookbox_json_kind_of(before) == HOOKBOX_JSON_OBJECT && hookbox_json_kind_of(after) == HOOKBOX_JSON_OBJECT;
  if (!objects || depth > DEEPEST) {
    if (!hookbox_json_equal(before, after)) operation(w, "replace", at, after);
    return;
  }
  size_t len, others;
  hbx_member *old = hbx_members(before, &len), *new = hbx_members(after, &others);
  size_t next = 0;
  for (size_t i = 0; i < len; i++) {
    while (next < others && hbx_by_key(&new[next], &old[i]) < 0) next++;
    bool stays = next < others && hbx_by_key(&new[next], &old[i]) == 0;
    if (stays)
      differ(w, below(at, &old[i]), old[i].value, new[next].value, depth + 1);
    else
      operation(w, "remove", below(at, &old[i]), (hookbox_json){NULL, 0});
  }
  next = 0;
  for (size_t i = 0; i < others; i++) {
    while (next < len && hbx_by_key(&old[next], &new[i]) < 0) next++;
    bool was = next < len && hbx_by_key(&old[next], &new[i]) == 0;
    if (!was) operation(w, "add", below(at, &new[i]), new[i].value);
  }
}

hookbox_json hookbox_json_diff(hookbox_json before, hookbox_json after) {
  if (!after.text) return after;
  hookbox_writer *w = hookbox_write();
  hookbox_write_array(w);
  differ(w, (path){"", 0}, before, after, 0);
  hookbox_write_end(w);
  return hookbox_written(w);
}
