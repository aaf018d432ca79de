/* Why a run happens, and what it may look at. */
#include <stdlib.h>

#include "internal.h"

#define PAGE 256

/* What was opened in this call, to be given back: snapshots by the binding's name, or by the context. */
struct opened {
  char *binding;
  int32_t context;
  hookbox_snapshot snapshot;
  struct opened *before;
};
static struct opened *opened;

static hookbox_snapshot keep(const char *binding, int32_t context, bool there, hookbox_hook_snapshots_own_snapshot_t own) {
  /* Not in the arena, of which an author may give a part back. */
  struct opened *one = malloc(sizeof *one);
  char *name = binding ? malloc(strlen(binding) + 1) : NULL;
  if (!one || (binding && !name)) hbx_mistake("there is no memory for a snapshot");
  if (name) strcpy(name, binding);
  *one = (struct opened){name, context, {.there = there, .handle = there ? own.__handle : 0}, opened};
  opened = one;
  return one->snapshot;
}

void hbx_close(void) {
  while (opened) {
    struct opened *one = opened;
    opened = one->before;
    if (one->snapshot.there) hookbox_hook_snapshots_snapshot_drop_own((hookbox_hook_snapshots_own_snapshot_t){one->snapshot.handle});
    free(one->binding);
    free(one);
  }
}

static hookbox_hook_contexts_borrow_binding_context_t of(const hookbox_context *context) {
  return hookbox_hook_contexts_borrow_binding_context((hookbox_hook_contexts_own_binding_context_t){context->handle});
}

static hookbox_hook_snapshots_borrow_snapshot_t borrow(hookbox_snapshot snapshot) {
  return hookbox_hook_snapshots_borrow_snapshot((hookbox_hook_snapshots_own_snapshot_t){snapshot.handle});
}

static hookbox_json maybe(bool there, hbx_string text) { return there ? hbx_in_json(text) : (hookbox_json){NULL, 0}; }

const char *hookbox_context_binding(const hookbox_context *context) {
  hbx_string text;
  hookbox_hook_contexts_method_binding_context_binding(of(context), &text);
  return hbx_in(text);
}

const char *hookbox_context_kind(const hookbox_context *context) {
  hbx_string text;
  return hookbox_hook_contexts_method_binding_context_kind(of(context), &text) ? hbx_in(text) : NULL;
}

const char *hookbox_context_group(const hookbox_context *context) {
  hbx_string text;
  return hookbox_hook_contexts_method_binding_context_group(of(context), &text) ? hbx_in(text) : NULL;
}

const char *hookbox_context_watch_event(const hookbox_context *context) {
  hbx_string text;
  return hookbox_hook_contexts_method_binding_context_watch_event(of(context), &text) ? hbx_in(text) : NULL;
}

hookbox_json hookbox_context_object(const hookbox_context *context) {
  hbx_string text = {0};
  bool there = hookbox_hook_contexts_method_binding_context_object(of(context), &text);
  return maybe(there, text);
}

hookbox_json hookbox_context_filter_result(const hookbox_context *context) {
  hbx_string text = {0};
  bool there = hookbox_hook_contexts_method_binding_context_filter_result(of(context), &text);
  return maybe(there, text);
}

hookbox_error hookbox_context_object_at(const hookbox_context *context, const char *pointer, hookbox_json *into) {
  hookbox_hook_contexts_option_json_t part = {0};
  hookbox_hook_types_refusal_t refusal;
  hbx_string at = hbx_out(pointer);
  *into = (hookbox_json){NULL, 0};
  if (!hookbox_hook_contexts_method_binding_context_object_pointer(of(context), &at, &part, &refusal)) return hbx_refused(refusal);
  *into = maybe(part.is_some, part.val);
  return HOOKBOX_OK;
}

hookbox_strings hookbox_context_snapshot_names(const hookbox_context *context) {
  hookbox_bindings_list_string_t names;
  hookbox_hook_contexts_method_binding_context_snapshot_names(of(context), &names);
  return hbx_in_list(names);
}

hookbox_json hookbox_context_json(const hookbox_context *context) {
  hbx_string text;
  hookbox_hook_contexts_method_binding_context_to_json(of(context), &text);
  return hbx_in_json(text);
}

hookbox_snapshot hookbox_context_objects(const hookbox_context *context) {
  for (const struct opened *one = opened; one; one = one->before)
    if (!one->binding && one->context == context->handle) return one->snapshot;
  hookbox_hook_snapshots_own_snapshot_t own = {0};
  bool there = hookbox_hook_contexts_method_binding_context_objects(of(context), &own);
  return keep(NULL, context->handle, there, own);
}

hookbox_snapshot hookbox_snapshot_of(const char *binding) {
  for (const struct opened *one = opened; one; one = one->before)
    if (one->binding && strcmp(one->binding, binding) == 0) return one->snapshot;
  hookbox_hook_snapshots_own_snapshot_t own = {0};
  hbx_string name = hbx_out(binding);
  bool there = hookbox_hook_snapshots_open(&name, &own);
  return keep(binding, 0, there, own);
}

hookbox_strings hookbox_snapshot_names(void) {
  hookbox_bindings_list_string_t names;
  hookbox_hook_snapshots_names(&names);
  return hbx_in_list(names);
}

hookbox_snapshot hookbox_snapshot_fields(hookbox_snapshot snapshot, const char *const *fields) {
  size_t len = 0;
  while (fields && fields[len]) len++;
  /* The list of a macro ends with its block. */
  const char **copy = hookbox_alloc((len + 1) * sizeof *copy);
  for (size_t i = 0; i < len; i++) copy[i] = hookbox_copy(fields[i], strlen(fields[i]));
  copy[len] = NULL;
  snapshot.fields = copy;
  return snapshot;
}

size_t hookbox_snapshot_len(hookbox_snapshot snapshot) {
  return snapshot.there ? hookbox_hook_snapshots_method_snapshot_len(borrow(snapshot)) : 0;
}

static hookbox_entry entry(const hookbox_hook_snapshots_entry_t *raw, size_t index) {
  return (hookbox_entry){
      .object = maybe(raw->object.is_some, raw->object.val),
      .filter_result = maybe(raw->filter_result.is_some, raw->filter_result.val),
      .index = index,
  };
}

/* Entries from a place on; none past the end. */
static hookbox_hook_snapshots_list_entry_t entries(hookbox_snapshot snapshot, size_t from, uint32_t most) {
  hookbox_hook_snapshots_list_entry_t page = {NULL, 0};
  if (!snapshot.fields) {
    hookbox_hook_snapshots_method_snapshot_range(borrow(snapshot), (uint32_t)from, most, &page);
    return page;
  }
  hookbox_bindings_list_string_t names = {NULL, 0};
  while (snapshot.fields[names.len]) names.len++;
  names.ptr = hookbox_alloc(names.len * sizeof *names.ptr + 1);
  for (size_t i = 0; i < names.len; i++) names.ptr[i] = hbx_out(snapshot.fields[i]);
  hookbox_hook_types_refusal_t refusal;
  if (!hookbox_hook_snapshots_method_snapshot_select(borrow(snapshot), (uint32_t)from, most, &names, false, &page, &refusal))
    hbx_mistake("hookbox_snapshot_fields: %s", hbx_in(refusal.message));
  return page;
}

bool hookbox_snapshot_get(hookbox_snapshot snapshot, size_t index, hookbox_entry *into) {
  hookbox_hook_snapshots_entry_t raw;
  if (!snapshot.there || index > UINT32_MAX) return false;
  if (snapshot.fields) {
    hookbox_hook_snapshots_list_entry_t page = entries(snapshot, index, 1);
    if (page.len > 0) *into = entry(page.ptr, index);
    return page.len > 0;
  }
  if (!hookbox_hook_snapshots_method_snapshot_get(borrow(snapshot), (uint32_t)index, &raw)) return false;
  *into = entry(&raw, index);
  return true;
}

static hookbox_error part(hookbox_snapshot snapshot, size_t index, uint8_t which, const char *pointer, hookbox_json *into) {
  *into = (hookbox_json){NULL, 0};
  if (!snapshot.there || index > UINT32_MAX) return HOOKBOX_OK;
  hookbox_hook_snapshots_option_json_t found = {0};
  hookbox_hook_types_refusal_t refusal;
  hbx_string at = hbx_out(pointer);
  if (!hookbox_hook_snapshots_method_snapshot_pointer(borrow(snapshot), (uint32_t)index, which, &at, &found, &refusal))
    return hbx_refused(refusal);
  *into = maybe(found.is_some, found.val);
  return HOOKBOX_OK;
}

hookbox_error hookbox_snapshot_object_at(hookbox_snapshot snapshot, size_t index, const char *pointer, hookbox_json *into) {
  return part(snapshot, index, HOOKBOX_HOOK_SNAPSHOTS_PART_OBJECT, pointer, into);
}

hookbox_error hookbox_snapshot_filter_result_at(hookbox_snapshot snapshot, size_t index, const char *pointer, hookbox_json *into) {
  return part(snapshot, index, HOOKBOX_HOOK_SNAPSHOTS_PART_FILTER_RESULT, pointer, into);
}

hookbox_entries hookbox_snapshot_each(hookbox_snapshot snapshot) { return (hookbox_entries){.snapshot = snapshot}; }

bool hookbox_snapshot_next(hookbox_entries *all, hookbox_entry *into) {
  if (!all->snapshot.there) return false;
  if (all->page_at == all->page_len) {
    hookbox_hook_snapshots_list_entry_t page = entries(all->snapshot, all->index, PAGE);
    all->page = page.ptr;
    all->page_len = page.len;
    all->page_at = 0;
    if (page.len == 0) {
      all->snapshot.there = false;
      return false;
    }
  }
  const hookbox_hook_snapshots_entry_t *raw = all->page;
  *into = entry(&raw[all->page_at++], all->index++);
  return true;
}
