/* What a hook asks for: values, changes of objects, metrics, the log. */
#include "internal.h"

/* The JSON Pointer of a path. */
static hbx_string pointer(const char *path) {
  if (!path || !*path || *path == '/') return hbx_out(path);
  size_t len = strlen(path);
  char *text = hookbox_alloc(2 * len + 1);
  *text = '/';
  char *end = hbx_escape(text + 1, path, len);
  for (char *at = text; at < end; at++)
    if (*at == '.') *at = '/';
  return hbx_out_n(text, (size_t)(end - text));
}

/* Values and config values are of the same form, and of types with other names. */
#define DOCUMENT(name)                                                                             \
  hookbox_error hookbox_##name##_get(const char *path, hookbox_json *into) {                       \
    hookbox_hook_##name##_option_json_t found = {0};                                               \
    hookbox_hook_types_refusal_t refusal;                                                          \
    hbx_string at = pointer(path);                                                                 \
    *into = (hookbox_json){NULL, 0};                                                               \
    if (!hookbox_hook_##name##_get(&at, &found, &refusal)) return hbx_refused(refusal);            \
    if (found.is_some) *into = hbx_in_json(found.val);                                             \
    return HOOKBOX_OK;                                                                             \
  }                                                                                                \
  hookbox_error hookbox_##name##_exists(const char *path, bool *into) {                            \
    hookbox_hook_types_refusal_t refusal;                                                          \
    hbx_string at = pointer(path);                                                                 \
    *into = false;                                                                                 \
    return hookbox_hook_##name##_exists(&at, into, &refusal) ? HOOKBOX_OK : hbx_refused(refusal);  \
  }                                                                                                \
  hookbox_error hookbox_##name##_set(const char *path, hookbox_json value) {                       \
    hookbox_hook_types_refusal_t refusal;                                                          \
    hbx_string at = pointer(path), text = hbx_out_json(value);                                     \
    return hookbox_hook_##name##_set(&at, &text, &refusal) ? HOOKBOX_OK : hbx_refused(refusal);    \
  }                                                                                                \
  hookbox_error hookbox_##name##_remove(const char *path) {                                        \
    hookbox_hook_types_refusal_t refusal;                                                          \
    hbx_string at = pointer(path);                                                                 \
    return hookbox_hook_##name##_remove(&at, &refusal) ? HOOKBOX_OK : hbx_refused(refusal);        \
  }

DOCUMENT(values)
DOCUMENT(config_values)

static hookbox_error create(hookbox_json object, uint8_t mode) {
  hookbox_hook_types_refusal_t refusal;
  hbx_string text = hbx_out_json(object);
  return hookbox_hook_object_patches_create(&text, mode, &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

hookbox_error hookbox_create(hookbox_json object) {
  return create(object, HOOKBOX_HOOK_OBJECT_PATCHES_CREATE_MODE_FAIL_IF_EXISTS);
}

hookbox_error hookbox_create_if_not_exists(hookbox_json object) {
  return create(object, HOOKBOX_HOOK_OBJECT_PATCHES_CREATE_MODE_KEEP_EXISTING);
}

hookbox_error hookbox_create_or_update(hookbox_json object) {
  return create(object, HOOKBOX_HOOK_OBJECT_PATCHES_CREATE_MODE_REPLACE_EXISTING);
}

static hookbox_hook_object_patches_object_ref_t reference(hookbox_ref object) {
  return (hookbox_hook_object_patches_object_ref_t){
      .api_version = hbx_maybe(object.api_version),
      .kind = hbx_out(object.kind),
      .namespace_ = hbx_maybe(object.ns),
      .name = hbx_out(object.name),
  };
}

static hookbox_error take(hookbox_ref object, uint8_t propagation) {
  hookbox_hook_types_refusal_t refusal;
  hookbox_hook_object_patches_object_ref_t which = reference(object);
  return hookbox_hook_object_patches_delete(&which, propagation, &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

hookbox_error hookbox_delete(hookbox_ref object) {
  return take(object, HOOKBOX_HOOK_OBJECT_PATCHES_PROPAGATION_FOREGROUND);
}

hookbox_error hookbox_delete_in_background(hookbox_ref object) {
  return take(object, HOOKBOX_HOOK_OBJECT_PATCHES_PROPAGATION_BACKGROUND);
}

hookbox_error hookbox_delete_non_cascading(hookbox_ref object) {
  return take(object, HOOKBOX_HOOK_OBJECT_PATCHES_PROPAGATION_ORPHAN);
}

typedef bool patching(hookbox_hook_object_patches_object_ref_t *, hbx_string *, hookbox_hook_object_patches_patch_options_t *, hookbox_hook_types_refusal_t *);

static hookbox_error patch(patching *how, hookbox_ref object, hbx_string content, hookbox_patch_options options) {
  hookbox_hook_types_refusal_t refusal;
  hookbox_hook_object_patches_object_ref_t which = reference(object);
  hookbox_hook_object_patches_patch_options_t given = {
      .subresource = hbx_maybe(options.subresource),
      .ignore_missing_object = options.ignore_missing_object,
      .ignore_hook_error = options.ignore_hook_error,
  };
  return how(&which, &content, &given, &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

hookbox_error hookbox_merge_patch(hookbox_ref object, hookbox_json content, hookbox_patch_options options) {
  return patch(hookbox_hook_object_patches_merge_patch, object, hbx_out_json(content), options);
}

hookbox_error hookbox_json_patch(hookbox_ref object, hookbox_json operations, hookbox_patch_options options) {
  return patch(hookbox_hook_object_patches_json_patch, object, hbx_out_json(operations), options);
}

hookbox_error hookbox_jq_patch(hookbox_ref object, const char *filter, hookbox_patch_options options) {
  return patch(hookbox_hook_object_patches_jq_patch, object, hbx_out(filter), options);
}

/* Labels of metrics and fields of the log are of the same form. */
static hookbox_hook_metrics_list_label_t series(const hookbox_pair *pairs) {
  size_t len = hbx_count(pairs);
  hookbox_hook_metrics_label_t *raw = hookbox_alloc(len * sizeof *raw + 1);
  for (size_t i = 0; i < len; i++) raw[i] = (hookbox_hook_metrics_label_t){hbx_out(pairs[i].name), hbx_out(pairs[i].value)};
  return (hookbox_hook_metrics_list_label_t){raw, len};
}

static hbx_string *group_of(const char *name, hbx_string *at) {
  if (!name) return NULL;
  *at = hbx_out(name);
  return at;
}

hookbox_error hookbox_metric_add(const char *name, double value, const hookbox_pair *labels, const char *group) {
  hookbox_hook_types_refusal_t refusal;
  hookbox_hook_metrics_list_label_t all = series(labels);
  hbx_string text = hbx_out(name), of;
  return hookbox_hook_metrics_add(&text, value, &all, group_of(group, &of), &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

hookbox_error hookbox_metric_set(const char *name, double value, const hookbox_pair *labels, const char *group) {
  hookbox_hook_types_refusal_t refusal;
  hookbox_hook_metrics_list_label_t all = series(labels);
  hbx_string text = hbx_out(name), of;
  return hookbox_hook_metrics_set(&text, value, &all, group_of(group, &of), &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

hookbox_error hookbox_metric_observe(const char *name, double value, const double *buckets, size_t buckets_len,
                                     const hookbox_pair *labels, const char *group) {
  hookbox_hook_types_refusal_t refusal;
  hookbox_hook_metrics_list_label_t all = series(labels);
  hookbox_bindings_list_f64_t bounds = {(double *)buckets, buckets ? buckets_len : 0};
  hbx_string text = hbx_out(name), of;
  return hookbox_hook_metrics_observe(&text, value, &bounds, &all, group_of(group, &of), &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

hookbox_error hookbox_metric_expire(const char *group) {
  hookbox_hook_types_refusal_t refusal;
  hbx_string of;
  return hookbox_hook_metrics_expire(group_of(group, &of), &refusal) ? HOOKBOX_OK : hbx_refused(refusal);
}

void hookbox_log(hookbox_level level, const char *message, const hookbox_pair *fields) {
  size_t len = hbx_count(fields);
  hookbox_hook_log_field_t *raw = hookbox_alloc(len * sizeof *raw + 1);
  for (size_t i = 0; i < len; i++) raw[i] = (hookbox_hook_log_field_t){hbx_out(fields[i].name), hbx_out(fields[i].value)};
  hookbox_hook_log_list_field_t all = {raw, len};
  hbx_string text = hbx_out(message);
  hookbox_hook_log_log((hookbox_hook_log_level_t)level, &text, &all);
}

void hookbox_logf(hookbox_level level, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *message = hookbox_vtext(format, arguments);
  va_end(arguments);
  hookbox_log(level, message, NULL);
}
