#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook.h"

static const char CONFIG[] =
    "configVersion: v1\n"
    "kubernetes:\n"
    "- name: names\n"
    "  apiVersion: v1\n"
    "  kind: ConfigMap\n"
    "  namespace: {nameSelector: {matchNames: [default]}}\n"
    "  labelSelector: {matchLabels: {app: hello}}\n"
    "  jqFilter: .data.name\n"
    "  includeSnapshotsFrom: [names]\n";

void exports_hookbox_hook_hooks_describe(exports_hookbox_hook_hooks_list_hook_t *ret) {
  ret->ptr = malloc(sizeof *ret->ptr);
  ret->len = 1;
  hook_string_dup(&ret->ptr->name, "greet");
  hook_string_dup(&ret->ptr->config, CONFIG);
}

// A refusal of the host fails the run, with the host's words.
static bool failed(hookbox_hook_types_refusal_t *refusal, exports_hookbox_hook_hooks_error_t *err) {
  err->message = refusal->message;
  err->retry.tag = HOOKBOX_HOOK_TYPES_RETRY_BACK_OFF;
  hook_string_free(&refusal->code);
  return false;
}

bool exports_hookbox_hook_hooks_run(hook_string_t *hook, exports_hookbox_hook_hooks_list_own_binding_context_t *contexts,
                                    exports_hookbox_hook_hooks_error_t *err) {
  hook_string_free(hook);
  exports_hookbox_hook_hooks_list_own_binding_context_free(contexts);

  hook_string_t text;
  hookbox_hook_snapshots_own_snapshot_t snapshot;
  hook_string_set(&text, "names");
  if (!hookbox_hook_snapshots_open(&text, &snapshot)) abort();
  hookbox_hook_snapshots_borrow_snapshot_t names = hookbox_hook_snapshots_borrow_snapshot(snapshot);
  uint32_t count = hookbox_hook_snapshots_method_snapshot_len(names);

  // What a filter gave is JSON: a list of it needs commas, nothing else.
  size_t size = 1;
  char *list = malloc(size);
  list[0] = '[';
  for (uint32_t i = 0; i < count; i++) {
    hookbox_hook_snapshots_entry_t entry;
    if (!hookbox_hook_snapshots_method_snapshot_get(names, i, &entry)) abort();
    hook_string_t name = entry.filter_result.val;
    list = realloc(list, size + name.len + 1);
    memcpy(list + size, name.ptr, name.len);
    size += name.len;
    if (i + 1 < count) list[size++] = ',';
    hookbox_hook_snapshots_entry_free(&entry);
  }
  list = realloc(list, size + 2);
  memcpy(list + size, "]", 2);
  hookbox_hook_snapshots_snapshot_drop_own(snapshot);

  char digits[16];
  snprintf(digits, sizeof digits, "%u", (unsigned)count);
  hookbox_hook_log_field_t field;
  hook_string_set(&field.f0, "count");
  hook_string_set(&field.f1, digits);
  hookbox_hook_log_list_field_t fields = {&field, 1};
  hook_string_set(&text, "greeting");
  hookbox_hook_log_log(HOOKBOX_HOOK_LOG_LEVEL_INFO, &text, &fields);

  hookbox_hook_types_refusal_t refusal;
  hook_string_t value;
  hook_string_set(&text, "/greeted");
  hook_string_set(&value, list);
  if (!hookbox_hook_values_set(&text, &value, &refusal)) return failed(&refusal, err);
  free(list);

  hookbox_hook_object_patches_object_ref_t greetings = {.api_version.is_some = true, .namespace_.is_some = true};
  hook_string_set(&greetings.api_version.val, "v1");
  hook_string_set(&greetings.kind, "ConfigMap");
  hook_string_set(&greetings.namespace_.val, "default");
  hook_string_set(&greetings.name, "greetings");
  hookbox_hook_object_patches_patch_options_t options = {.ignore_missing_object = true};
  char patch[64];
  snprintf(patch, sizeof patch, "{\"data\":{\"count\":\"%s\"}}", digits);
  hook_string_set(&text, patch);
  if (!hookbox_hook_object_patches_merge_patch(&greetings, &text, &options, &refusal)) return failed(&refusal, err);
  return true;
}
