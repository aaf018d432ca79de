/* What a hook asks the host for, in a test: the functions of the bindings under their own names. */
#include <stdlib.h>
#include <string.h>

#include "host.h"

typedef hookbox_hook_types_refusal_t refusal;

static bool is_pointer(hbx_string text) { return hbx_steps(text) != SIZE_MAX; }

/* A text of the hook's with a NUL behind it. */
static const char *copy(const hbx_string *text) { return hookbox_copy((const char *)text->ptr, text->len); }

/* Empty is none, too. */
static const char *maybe(const hookbox_bindings_option_string_t *text) { return text->is_some && text->val.len ? copy(&text->val) : NULL; }

static bool part(hookbox_json of, hbx_string *pointer, const char *code, bool *there, hbx_string *into, refusal *err) {
  if (!is_pointer(*pointer)) return hbx_refuse(err, code, hookbox_text("`%s` is no JSON Pointer", copy(pointer)));
  hookbox_json found = hookbox_json_at(of, copy(pointer));
  *there = found.text != NULL;
  if (*there) *into = hbx_give_json(found);
  return true;
}

static bool give(const char *text, hbx_string *into) {
  if (text) *into = hbx_give(text);
  return text != NULL;
}

static bool give_json(hookbox_json value, hbx_string *into) {
  if (value.text) *into = hbx_give_json(value);
  return value.text != NULL;
}

/* ---- Snapshots: a handle is the place of the binding, from 1 ---- */

/* Most entries that are given at a time: fewer than the library asks for, so that it must go on. */
#define PAGE 100
/* Most handles that a hook may hold, beyond its contexts. */
#define HANDLES 4096

static const struct snapshot *snapshot(hookbox_hook_snapshots_borrow_snapshot_t self) {
  return &hbx_host.snapshots[self.__handle - 1];
}

static bool open(const char *binding, hookbox_hook_snapshots_own_snapshot_t *ret) {
  for (size_t i = 0; i < hbx_host.snapshots_len; i++) {
    if (strcmp(hbx_host.snapshots[i].binding, binding) != 0) continue;
    if (hbx_host.held == hbx_host.contexts_len + HANDLES) hbx_mistake("the hook holds more than %d handles", HANDLES);
    ret->__handle = (int32_t)i + 1;
    hbx_host.held++;
    return true;
  }
  return false;
}

static hookbox_hook_snapshots_entry_t entry(const hookbox_entry *of) {
  hookbox_hook_snapshots_entry_t raw = {0};
  raw.object.is_some = give_json(of->object, &raw.object.val);
  raw.filter_result.is_some = give_json(of->filter_result, &raw.filter_result.val);
  return raw;
}

uint32_t hookbox_hook_snapshots_method_snapshot_len(hookbox_hook_snapshots_borrow_snapshot_t self) { return (uint32_t)snapshot(self)->len; }

bool hookbox_hook_snapshots_method_snapshot_get(hookbox_hook_snapshots_borrow_snapshot_t self, uint32_t index, hookbox_hook_snapshots_entry_t *ret) {
  if (index >= snapshot(self)->len) return false;
  *ret = entry(&snapshot(self)->entries[index]);
  return true;
}

void hookbox_hook_snapshots_method_snapshot_range(hookbox_hook_snapshots_borrow_snapshot_t self, uint32_t start, uint32_t count, hookbox_hook_snapshots_list_entry_t *ret) {
  size_t len = snapshot(self)->len, first = start < len ? start : len;
  ret->len = count < len - first ? count : len - first;
  if (ret->len > PAGE) ret->len = PAGE;
  ret->ptr = hookbox_alloc(ret->len * sizeof *ret->ptr + 1);
  for (size_t i = 0; i < ret->len; i++) ret->ptr[i] = entry(&snapshot(self)->entries[first + i]);
}

bool hookbox_hook_snapshots_method_snapshot_select(hookbox_hook_snapshots_borrow_snapshot_t self, uint32_t start, uint32_t count, hookbox_bindings_list_string_t *fields, bool ignore_case, hookbox_hook_snapshots_list_entry_t *ret, refusal *err) {
  const hbx_fields *named = hbx_named(fields, ignore_case, err);
  if (!named) return false;
  hookbox_hook_snapshots_method_snapshot_range(self, start, count, ret);
  for (size_t i = 0; i < ret->len; i++) {
    hookbox_json object = hbx_cut(snapshot(self)->entries[start + i].object, named, ignore_case);
    ret->ptr[i].object.is_some = give_json(object, &ret->ptr[i].object.val);
  }
  return true;
}

bool hookbox_hook_snapshots_method_snapshot_pointer(hookbox_hook_snapshots_borrow_snapshot_t self, uint32_t index, hookbox_hook_snapshots_part_t which, hbx_string *pointer, hookbox_hook_snapshots_option_json_t *ret, refusal *err) {
  hookbox_json of = {NULL, 0};
  if (index < snapshot(self)->len) {
    const hookbox_entry *one = &snapshot(self)->entries[index];
    of = which == HOOKBOX_HOOK_SNAPSHOTS_PART_OBJECT ? one->object : one->filter_result;
  }
  return part(of, pointer, "invalid-pointer", &ret->is_some, &ret->val, err);
}

void hookbox_hook_snapshots_names(hookbox_bindings_list_string_t *ret) {
  ret->len = hbx_host.snapshots_len;
  ret->ptr = hookbox_alloc(ret->len * sizeof *ret->ptr + 1);
  for (size_t i = 0; i < ret->len; i++) ret->ptr[i] = hbx_give(hbx_host.snapshots[i].binding);
}

bool hookbox_hook_snapshots_open(hbx_string *binding, hookbox_hook_snapshots_own_snapshot_t *ret) { return open(copy(binding), ret); }

void hookbox_hook_snapshots_snapshot_drop_own(hookbox_hook_snapshots_own_snapshot_t handle) {
  (void)handle;
  hbx_host.held--;
}

hookbox_hook_snapshots_borrow_snapshot_t hookbox_hook_snapshots_borrow_snapshot(hookbox_hook_snapshots_own_snapshot_t handle) {
  return (hookbox_hook_snapshots_borrow_snapshot_t){handle.__handle};
}

/* ---- Contexts ---- */

typedef hookbox_hook_contexts_borrow_binding_context_t context;

static const hookbox_test_context *reason(context self) { return &hbx_host.contexts[self.__handle - 1]; }

void hookbox_hook_contexts_method_binding_context_binding(context self, hbx_string *ret) { *ret = hbx_give(reason(self)->binding); }

bool hookbox_hook_contexts_method_binding_context_kind(context self, hbx_string *ret) { return give(reason(self)->kind, ret); }

bool hookbox_hook_contexts_method_binding_context_group(context self, hbx_string *ret) { return give(reason(self)->group, ret); }

bool hookbox_hook_contexts_method_binding_context_watch_event(context self, hbx_string *ret) { return give(reason(self)->watch_event, ret); }

bool hookbox_hook_contexts_method_binding_context_object(context self, hbx_string *ret) { return give_json(reason(self)->object, ret); }

bool hookbox_hook_contexts_method_binding_context_filter_result(context self, hbx_string *ret) {
  return give_json(reason(self)->filter_result, ret);
}

bool hookbox_hook_contexts_method_binding_context_object_pointer(context self, hbx_string *pointer, hookbox_hook_contexts_option_json_t *ret, refusal *err) {
  return part(reason(self)->object, pointer, "invalid-pointer", &ret->is_some, &ret->val, err);
}

static bool is_synchronization(const hookbox_test_context *of) { return of->kind && strcmp(of->kind, "Synchronization") == 0; }

bool hookbox_hook_contexts_method_binding_context_objects(context self, hookbox_hook_contexts_own_snapshot_t *ret) {
  if (!is_synchronization(reason(self))) return false;
  hbx_snapshot(reason(self)->binding);
  return open(reason(self)->binding, ret);
}

void hookbox_hook_contexts_method_binding_context_snapshot_names(context self, hookbox_bindings_list_string_t *ret) {
  hookbox_hook_snapshots_names(ret);
  /* None belongs to onStartup. */
  if (!reason(self)->kind) ret->len = 0;
}

static void write_text(hookbox_writer *w, const char *key, const char *text) {
  if (!text) return;
  hookbox_write_key(w, key);
  hookbox_write_string(w, text);
}

static void write_json(hookbox_writer *w, const char *key, hookbox_json value) {
  if (!value.text) return;
  hookbox_write_key(w, key);
  hookbox_write_json(w, value);
}

static void write_entries(hookbox_writer *w, const char *key, const struct snapshot *of) {
  hookbox_write_key(w, key);
  hookbox_write_array(w);
  for (size_t i = 0; i < of->len; i++) {
    hookbox_write_object(w);
    write_json(w, "filterResult", of->entries[i].filter_result);
    write_json(w, "object", of->entries[i].object);
    hookbox_write_end(w);
  }
  hookbox_write_end(w);
}

static int by_binding(const void *one, const void *other) {
  return strcmp(((const struct snapshot *)one)->binding, ((const struct snapshot *)other)->binding);
}

/* With its keys in their order, as the host writes it. */
void hookbox_hook_contexts_method_binding_context_to_json(context self, hbx_string *ret) {
  const hookbox_test_context *of = reason(self);
  hookbox_writer *w = hookbox_write();
  hookbox_write_object(w);
  write_text(w, "binding", of->binding);
  write_json(w, "filterResult", of->filter_result);
  write_text(w, "groupName", of->group);
  write_json(w, "object", of->object);
  if (is_synchronization(of)) write_entries(w, "objects", hbx_snapshot(of->binding));
  size_t len = hbx_host.snapshots_len;
  if (of->kind && len > 0) {
    struct snapshot *sorted = hookbox_alloc(len * sizeof *sorted);
    memcpy(sorted, hbx_host.snapshots, len * sizeof *sorted);
    qsort(sorted, len, sizeof *sorted, by_binding);
    hookbox_write_key(w, "snapshots");
    hookbox_write_object(w);
    for (size_t i = 0; i < len; i++) write_entries(w, sorted[i].binding, &sorted[i]);
    hookbox_write_end(w);
  }
  write_text(w, "type", of->kind);
  write_text(w, "watchEvent", of->watch_event);
  hookbox_write_end(w);
  *ret = hbx_give_json(hookbox_written(w));
}

void hookbox_hook_contexts_binding_context_drop_own(hookbox_hook_contexts_own_binding_context_t handle) {
  (void)handle;
  hbx_host.held--;
}

context hookbox_hook_contexts_borrow_binding_context(hookbox_hook_contexts_own_binding_context_t handle) { return (context){handle.__handle}; }

/* ---- Values ---- */

static bool put(hookbox_json *document, hbx_string *path, hbx_string *value, refusal *err) {
  if (!is_pointer(*path)) return hbx_refuse(err, "invalid-path", hookbox_text("`%s` is no JSON Pointer", copy(path)));
  hookbox_json given;
  if (!hbx_read(*value, &given, err)) return false;
  if (hbx_steps(*path) + hbx_depth(given) > HBX_DEEPEST) return hbx_refuse(err, "too-deep", "the values would be nested too deeply");
  if (!path->len && hookbox_json_kind_of(given) != HOOKBOX_JSON_OBJECT) return hbx_refuse(err, "invalid-value", "the whole document is an object");
  hookbox_json changed = hookbox_json_set(*document, copy(path), given);
  if (!changed.text) return hbx_refuse(err, "no-such-path", hookbox_text("there is nothing above `%s`", copy(path)));
  *document = hbx_store_json(changed);
  return true;
}

static bool take(hookbox_json *document, hbx_string *path, refusal *err) {
  if (!is_pointer(*path)) return hbx_refuse(err, "invalid-path", hookbox_text("`%s` is no JSON Pointer", copy(path)));
  if (!path->len) return hbx_refuse(err, "no-such-path", "the whole document cannot be removed");
  hookbox_json changed = hookbox_json_remove(*document, copy(path));
  if (!changed.text) return hbx_refuse(err, "no-such-path", hookbox_text("there is nothing at `%s`", copy(path)));
  *document = hbx_store_json(changed);
  return true;
}

bool hookbox_hook_values_get(hbx_string *path, hookbox_hook_values_option_json_t *ret, refusal *err) {
  return part(hbx_host.values, path, "invalid-path", &ret->is_some, &ret->val, err);
}

bool hookbox_hook_values_exists(hbx_string *path, bool *ret, refusal *err) {
  hbx_string text;
  return part(hbx_host.values, path, "invalid-path", ret, &text, err);
}

bool hookbox_hook_values_set(hbx_string *path, hbx_string *value, refusal *err) { return put(&hbx_host.values, path, value, err); }

bool hookbox_hook_values_remove(hbx_string *path, refusal *err) { return take(&hbx_host.values, path, err); }

bool hookbox_hook_config_values_get(hbx_string *path, hookbox_hook_config_values_option_json_t *ret, refusal *err) {
  return part(hbx_host.config_values, path, "invalid-path", &ret->is_some, &ret->val, err);
}

bool hookbox_hook_config_values_exists(hbx_string *path, bool *ret, refusal *err) {
  hbx_string text;
  return part(hbx_host.config_values, path, "invalid-path", ret, &text, err);
}

bool hookbox_hook_config_values_set(hbx_string *path, hbx_string *value, refusal *err) { return put(&hbx_host.config_values, path, value, err); }

bool hookbox_hook_config_values_remove(hbx_string *path, refusal *err) { return take(&hbx_host.config_values, path, err); }

/* ---- Changes to objects ---- */

static bool record(hookbox_test_patch patch) {
  patch.api_version = hbx_store(patch.api_version);
  patch.kind = hbx_store(patch.kind);
  patch.ns = hbx_store(patch.ns);
  patch.name = hbx_store(patch.name);
  patch.object = hbx_store_json(patch.object);
  patch.filter = hbx_store(patch.filter);
  patch.options.subresource = hbx_store(patch.options.subresource);
  hbx_host.patches = hbx_more(hbx_host.patches, hbx_host.asked.patches_len, sizeof patch);
  hbx_host.patches[hbx_host.asked.patches_len++] = patch;
  return true;
}

bool hookbox_hook_object_patches_create(hbx_string *object, hookbox_hook_object_patches_create_mode_t mode, refusal *err) {
  static const char *const operations[] = {"Create", "CreateIfNotExists", "CreateOrUpdate"};
  hookbox_json given;
  if (!hbx_read(*object, &given, err) || !hbx_valid_manifest(given, mode == 0, err)) return false;
  hookbox_test_patch patch = {
      .operation = operations[mode],
      .api_version = hookbox_json_string_at(given, "/apiVersion"),
      .kind = hookbox_json_string_at(given, "/kind"),
      .ns = hookbox_json_string_at(given, "/metadata/namespace"),
      .name = hookbox_json_string_at(given, "/metadata/name"),
      .object = given,
  };
  /* Empty is none. */
  if (patch.ns && !*patch.ns) patch.ns = NULL;
  if (!patch.name) patch.name = "";
  return record(patch);
}

static hookbox_test_patch of(const char *operation, const hookbox_hook_object_patches_object_ref_t *object) {
  return (hookbox_test_patch){
      .operation = operation,
      .api_version = maybe(&object->api_version),
      .kind = copy(&object->kind),
      .ns = maybe(&object->namespace_),
      .name = copy(&object->name),
  };
}

bool hookbox_hook_object_patches_delete(hookbox_hook_object_patches_object_ref_t *object, hookbox_hook_object_patches_propagation_t propagation, refusal *err) {
  static const char *const operations[] = {"Delete", "DeleteInBackground", "DeleteNonCascading"};
  if (!hbx_valid_ref(object, err)) return false;
  return record(of(operations[propagation], object));
}

static bool patch(const char *operation, const hookbox_hook_object_patches_object_ref_t *object, const hbx_string *content, const hookbox_hook_object_patches_patch_options_t *options, refusal *err) {
  if (!hbx_valid_ref(object, err) || !hbx_valid_options(options, err)) return false;
  hookbox_test_patch made = of(operation, object);
  made.options = (hookbox_patch_options){maybe(&options->subresource), options->ignore_missing_object, options->ignore_hook_error};
  if (strcmp(operation, "JQPatch") == 0) {
    made.filter = copy(content);
    return hbx_valid_filter(*content, err) && record(made);
  }
  if (!hbx_read(*content, &made.object, err)) return false;
  if (strcmp(operation, "JSONPatch") == 0) return hbx_valid_json_patch(made.object, err) && record(made);
  if (hookbox_json_kind_of(made.object) != HOOKBOX_JSON_OBJECT) return hbx_refuse(err, "invalid-patch", "a merge patch is a JSON object");
  return record(made);
}

bool hookbox_hook_object_patches_merge_patch(hookbox_hook_object_patches_object_ref_t *object, hbx_string *content, hookbox_hook_object_patches_patch_options_t *options, refusal *err) {
  return patch("MergePatch", object, content, options, err);
}

bool hookbox_hook_object_patches_json_patch(hookbox_hook_object_patches_object_ref_t *object, hbx_string *content, hookbox_hook_object_patches_patch_options_t *options, refusal *err) {
  return patch("JSONPatch", object, content, options, err);
}

bool hookbox_hook_object_patches_jq_patch(hookbox_hook_object_patches_object_ref_t *object, hbx_string *filter, hookbox_hook_object_patches_patch_options_t *options, refusal *err) {
  return patch("JQPatch", object, filter, options, err);
}

/* ---- Metrics and the log ---- */

/* Labels, fields and headers, as the test sees them. */
static hookbox_json pairs(const hookbox_hook_metrics_label_t *items, size_t len) {
  hookbox_writer *w = hookbox_write();
  hookbox_write_object(w);
  for (size_t i = 0; i < len; i++) {
    hookbox_write_key_n(w, (char *)items[i].f0.ptr, items[i].f0.len);
    hookbox_write_string_n(w, (char *)items[i].f1.ptr, items[i].f1.len);
  }
  hookbox_write_end(w);
  return hbx_store_json(hookbox_written(w));
}

static int by_size(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

static bool measure(const char *action, const hbx_string *name, double value, const hookbox_bindings_list_f64_t *buckets, const hookbox_hook_metrics_list_label_t *labels, const hbx_string *group, refusal *err) {
  if (!hbx_valid_metric(action, name, value, buckets, labels, group, err)) return false;
  hookbox_test_metric metric = {
      .action = action,
      .name = name ? hbx_store_bytes(name->ptr, name->len) : NULL,
      .value = value,
      .labels = pairs(labels ? labels->ptr : NULL, labels ? labels->len : 0),
      .group = group && group->len ? hbx_store_bytes(group->ptr, group->len) : NULL,
  };
  if (buckets) {
    double *bounds = hbx_stored(buckets->len * sizeof *bounds);
    for (size_t i = 0; i < buckets->len; i++) bounds[i] = buckets->ptr[i];
    /* As the host has them: sorted, and each once. */
    qsort(bounds, buckets->len, sizeof *bounds, by_size);
    for (size_t i = 0; i < buckets->len; i++)
      if (i == 0 || bounds[i] != bounds[metric.buckets_len - 1]) bounds[metric.buckets_len++] = bounds[i];
    metric.buckets = bounds;
  }
  hbx_host.metrics = hbx_more(hbx_host.metrics, hbx_host.asked.metrics_len, sizeof metric);
  hbx_host.metrics[hbx_host.asked.metrics_len++] = metric;
  return true;
}

bool hookbox_hook_metrics_add(hbx_string *name, double value, hookbox_hook_metrics_list_label_t *labels, hbx_string *group, refusal *err) {
  return measure("add", name, value, NULL, labels, group, err);
}

bool hookbox_hook_metrics_set(hbx_string *name, double value, hookbox_hook_metrics_list_label_t *labels, hbx_string *group, refusal *err) {
  return measure("set", name, value, NULL, labels, group, err);
}

bool hookbox_hook_metrics_observe(hbx_string *name, double value, hookbox_bindings_list_f64_t *buckets, hookbox_hook_metrics_list_label_t *labels, hbx_string *group, refusal *err) {
  return measure("observe", name, value, buckets, labels, group, err);
}

bool hookbox_hook_metrics_expire(hbx_string *group, refusal *err) {
  return measure("expire", NULL, 0, NULL, NULL, group, err);
}

void hookbox_hook_log_log(hookbox_hook_log_level_t level, hbx_string *message, hookbox_hook_log_list_field_t *fields) {
  hookbox_hook_metrics_label_t *items = hookbox_alloc(fields->len * sizeof *items + 1);
  for (size_t i = 0; i < fields->len; i++) items[i] = (hookbox_hook_metrics_label_t){fields->ptr[i].f0, fields->ptr[i].f1};
  hookbox_test_record line = {(hookbox_level)level, hbx_store_bytes(message->ptr, message->len), pairs(items, fields->len)};
  hbx_host.log = hbx_more(hbx_host.log, hbx_host.asked.log_len, sizeof line);
  hbx_host.log[hbx_host.asked.log_len++] = line;
}

/* ---- The cluster ---- */

static bool is(hookbox_json object, const char *pointer, const char *text) {
  const char *found = hookbox_json_string_at(object, pointer);
  return strcmp(found ? found : "", text ? text : "") == 0;
}

bool hookbox_hook_cluster_get(hbx_string *version, hbx_string *kind, hbx_string *inside, hbx_string *name, hookbox_hook_cluster_option_json_t *ret, refusal *err) {
  if (!hbx_valid_read(*version, *kind, inside, err) || !hbx_valid_name(*name, err)) return false;
  ret->is_some = false;
  for (size_t i = 0; i < hbx_host.objects_len && !ret->is_some; i++) {
    hookbox_json object = hbx_host.objects[i];
    bool found = is(object, "/apiVersion", copy(version)) && is(object, "/kind", copy(kind)) &&
                 is(object, "/metadata/namespace", inside ? copy(inside) : NULL) && is(object, "/metadata/name", copy(name));
    if (found) ret->is_some = give_json(object, &ret->val);
  }
  return true;
}

bool hookbox_hook_cluster_list(hbx_string *version, hbx_string *kind, hookbox_hook_cluster_selection_t *which, hookbox_hook_cluster_page_t *ret, refusal *err) {
  const hbx_string *namespace = which->namespace_.is_some ? &which->namespace_.val : NULL;
  if (!hbx_valid_read(*version, *kind, namespace, err) || !hbx_valid_selection(which, err)) return false;
  if (which->label_selector.is_some || which->field_selector.is_some)
    return hbx_refuse(err, "invalid-argument", "this host has no selectors; give it the objects that they select");
  size_t limit = which->limit.is_some && which->limit.val < 500 ? which->limit.val : 500;
  if (limit == 0) limit = 1;
  size_t at = 0;
  const char *after = maybe(&which->after);
  if (after && (strlen(after) > 9 || after[strspn(after, "0123456789")])) return hbx_refuse(err, "expired", "there is no such place in the listing");
  for (; after && *after; after++) at = at * 10 + (size_t)(*after - '0');
  *ret = (hookbox_hook_cluster_page_t){.objects.ptr = hookbox_alloc(limit * sizeof(hbx_string))};
  for (; at < hbx_host.objects_len; at++) {
    hookbox_json object = hbx_host.objects[at];
    const char *inside = maybe(&which->namespace_);
    bool found = is(object, "/apiVersion", copy(version)) && is(object, "/kind", copy(kind)) &&
                 (!inside || is(object, "/metadata/namespace", inside));
    if (!found) continue;
    if (ret->objects.len == limit) {
      ret->next = (hookbox_bindings_option_string_t){true, hbx_give(hookbox_text("%zu", at))};
      break;
    }
    give_json(object, &ret->objects.ptr[ret->objects.len++]);
  }
  return true;
}

/* ---- HTTP ---- */

/* Bytes of an answer's body, at most. */
#define MOST_BODY (16u << 20)

bool hookbox_hook_http_send(hookbox_hook_http_request_t *request, hookbox_hook_http_response_t *ret, refusal *err) {
  if (!hbx_valid_request(request, err)) return false;
  hookbox_test_request sent = {
      .method = hbx_store_bytes(request->method.ptr, request->method.len),
      .url = hbx_store_bytes(request->url.ptr, request->url.len),
      .headers = pairs((const hookbox_hook_metrics_label_t *)request->headers.ptr, request->headers.len),
  };
  if (request->body.is_some) {
    sent.body = hbx_store_bytes(request->body.val.ptr, request->body.val.len);
    sent.body_len = request->body.val.len;
  }
  hbx_host.requests = hbx_more(hbx_host.requests, hbx_host.asked.requests_len, sizeof sent);
  hbx_host.requests[hbx_host.asked.requests_len++] = sent;
  for (size_t i = 0; i < hbx_host.answers_len; i++) {
    const struct answer *answer = &hbx_host.answers[i];
    if (strcmp(answer->url, sent.url) != 0) continue;
    uint64_t limit = request->limit.is_some && request->limit.val < MOST_BODY ? request->limit.val : MOST_BODY;
    if (strlen(answer->body) > limit)
      return hbx_refuse(err, "too-large", hookbox_text("the answer's body has more than %llu bytes", (unsigned long long)limit));
    size_t len = hbx_count(answer->headers);
    hookbox_hook_http_header_t *headers = hookbox_alloc(len * sizeof *headers + 1);
    for (size_t at = 0; at < len; at++) headers[at] = (hookbox_hook_http_header_t){hbx_give(answer->headers[at].name), hbx_give(answer->headers[at].value)};
    hbx_string body = hbx_give(answer->body);
    *ret = (hookbox_hook_http_response_t){.status = (uint16_t)answer->status, .headers = {headers, len}, .body = {body.ptr, body.len}};
    return true;
  }
  return hbx_refuse(err, "not-granted", hookbox_text("nothing answers %s: give the host an answer", sent.url));
}
