/* What is there in a test, and the calls of a hook. */
#include <stdlib.h>

#include "host.h"

struct host hbx_host;

/* Memory of the host. */
static struct hbx_pooled *stored;

void *hbx_stored(size_t size) { return hbx_pool_alloc(&stored, size); }

static const char *store(const char *bytes, size_t len) {
  char *copy = hbx_stored(len + 1);
  if (len > 0) memcpy(copy, bytes, len);
  copy[len] = '\0';
  return copy;
}

const char *hbx_store(const char *text) { return text ? store(text, strlen(text)) : NULL; }

const char *hbx_store_bytes(const uint8_t *bytes, size_t len) { return store((const char *)bytes, len); }

hookbox_json hbx_store_json(hookbox_json value) {
  return value.text ? (hookbox_json){store(value.text, value.len), value.len} : value;
}

void hbx_host_reset(void) {
  /* Of a hook in which a check failed. */
  hbx_close();
  hbx_done();
  hbx_begin();
  hbx_pool_free(&stored);
  hbx_host = (struct host){0};
  hbx_host.values = hbx_host.config_values = hookbox_json_parse("{}", 2);
}

void *hbx_more(void *list, size_t len, size_t size) {
  /* It doubles; what the test has seen of it stays. */
  if ((len & (len - 1)) != 0) return list;
  void *more = hbx_stored((len ? 2 * len : 1) * size);
  if (len > 0) memcpy(more, list, len * size);
  return more;
}

hbx_string hbx_give(const char *text) {
  size_t len = text ? strlen(text) : 0;
  return (hbx_string){(uint8_t *)hookbox_copy(text, len), len};
}

hbx_string hbx_give_json(hookbox_json value) { return (hbx_string){(uint8_t *)hookbox_copy(value.text, value.len), value.len}; }

bool hbx_refuse(hookbox_hook_types_refusal_t *refusal, const char *code, const char *message) {
  *refusal = (hookbox_hook_types_refusal_t){hbx_give(code), hbx_give(message)};
  return false;
}

struct snapshot *hbx_snapshot(const char *binding) {
  struct host *host = &hbx_host;
  for (size_t i = 0; i < host->snapshots_len; i++)
    if (strcmp(host->snapshots[i].binding, binding) == 0) return &host->snapshots[i];
  host->snapshots = hbx_more(host->snapshots, host->snapshots_len, sizeof *host->snapshots);
  host->snapshots[host->snapshots_len] = (struct snapshot){.binding = hbx_store(binding)};
  return &host->snapshots[host->snapshots_len++];
}

void hookbox_test_snapshot(const char *binding) { hbx_snapshot(binding); }

void hookbox_test_entry(const char *binding, hookbox_json object, hookbox_json filter_result) {
  struct snapshot *snapshot = hbx_snapshot(binding);
  snapshot->entries = hbx_more(snapshot->entries, snapshot->len, sizeof *snapshot->entries);
  snapshot->entries[snapshot->len] = (hookbox_entry){hbx_store_json(object), hbx_store_json(filter_result), snapshot->len};
  snapshot->len++;
}

void hookbox_test_object(const char *binding, hookbox_json object) { hookbox_test_entry(binding, object, (hookbox_json){NULL, 0}); }

void hookbox_test_filter_result(const char *binding, hookbox_json result) {
  hookbox_test_entry(binding, (hookbox_json){NULL, 0}, result);
}

void hookbox_test_values(hookbox_json values) { hbx_host.values = hbx_store_json(values); }

void hookbox_test_config_values(hookbox_json values) { hbx_host.config_values = hbx_store_json(values); }

void hookbox_test_cluster(hookbox_json object) {
  hbx_host.objects = hbx_more(hbx_host.objects, hbx_host.objects_len, sizeof object);
  hbx_host.objects[hbx_host.objects_len++] = hbx_store_json(object);
}

void hookbox_test_http(const char *url, unsigned status, const hookbox_pair *headers, const char *body) {
  size_t len = hbx_count(headers);
  hookbox_pair *kept = hbx_stored((len + 1) * sizeof *kept);
  for (size_t i = 0; i < len; i++) kept[i] = (hookbox_pair){hbx_store(headers[i].name), hbx_store(headers[i].value)};
  kept[len] = (hookbox_pair){NULL, NULL};
  hbx_host.answers = hbx_more(hbx_host.answers, hbx_host.answers_len, sizeof *hbx_host.answers);
  hbx_host.answers[hbx_host.answers_len++] = (struct answer){hbx_store(url), status, kept, hbx_store(body ? body : "")};
}

void hookbox_test_because(hookbox_test_context context) {
  hbx_host.contexts = hbx_more(hbx_host.contexts, hbx_host.contexts_len, sizeof context);
  hbx_host.contexts[hbx_host.contexts_len++] = (hookbox_test_context){
      .binding = hbx_store(context.binding),
      .kind = hbx_store(context.kind),
      .group = hbx_store(context.group),
      .watch_event = hbx_store(context.watch_event),
      .object = hbx_store_json(context.object),
      .filter_result = hbx_store_json(context.filter_result),
  };
}

static hookbox_error failure(hookbox_hook_types_error_t error) {
  struct hookbox_failure *failure = hookbox_alloc(sizeof *failure);
  *failure = (struct hookbox_failure){.message = hookbox_copy((char *)error.message.ptr, error.message.len), .retry = (hookbox_retry)error.retry.tag};
  if (failure->retry == HOOKBOX_AFTER) failure->after_ms = error.retry.val.after;
  return failure;
}

/* What is applied though the hook failed. */
static bool survives(const hookbox_test_patch *patch) {
  const char *of = patch->options.subresource;
  if (!patch->options.ignore_hook_error || !of) return false;
  return strcmp(of + (of[0] == '/'), "status") == 0;
}

static hookbox_error failed(hookbox_error why) {
  hbx_host.values = hbx_host.values_before;
  hbx_host.config_values = hbx_host.config_values_before;
  hookbox_test_effects *asked = &hbx_host.asked;
  size_t left = 0;
  for (size_t i = 0; i < asked->patches_len; i++)
    if (survives(&hbx_host.patches[i])) hbx_host.patches[left++] = hbx_host.patches[i];
  asked->patches_len = left;
  asked->metrics_len = 0;
  return why;
}

static hookbox_error not_taken(hookbox_hook_types_refusal_t refusal) {
  return hookbox_fail("the host does not take the answer: %s", hookbox_copy((char *)refusal.message.ptr, refusal.message.len));
}

static void begin(void) {
  hbx_host.patches = NULL;
  hbx_host.metrics = NULL;
  hbx_host.log = NULL;
  hbx_host.requests = NULL;
  hbx_host.asked = (hookbox_test_effects){0};
  hbx_host.values_before = hbx_host.values;
  hbx_host.config_values_before = hbx_host.config_values;
}

/* What the hook holds is the host's: it gives it back when the call is over. */
static void end(void) {
  if (hbx_host.held != 0) hbx_mistake("%zu handles were not given back", hbx_host.held);
}

hookbox_error hookbox_test_run(const char *hook) {
  begin();
  if (hbx_host.contexts_len == 0) hookbox_test_because((hookbox_test_context){.binding = "onStartup"});
  size_t len = hbx_host.contexts_len;
  exports_hookbox_hook_hooks_own_binding_context_t *handles = hookbox_alloc(len * sizeof *handles);
  for (size_t i = 0; i < len; i++) handles[i].__handle = (int32_t)i + 1;
  hbx_host.held = len;
  exports_hookbox_hook_hooks_list_own_binding_context_t contexts = {handles, len};
  hbx_string name = hbx_give(hook);
  exports_hookbox_hook_hooks_error_t error;
  bool ran = exports_hookbox_hook_hooks_run(&name, &contexts, &error);
  end();
  hbx_host.contexts = NULL;
  hbx_host.contexts_len = 0;
  return ran ? HOOKBOX_OK : failed(failure(error));
}

static hookbox_error ask(const char *hook, const char *binding, hookbox_json request, bool mutates, hookbox_test_answer *answer) {
  begin();
  hbx_string name = hbx_give(hook), of = hbx_give(binding), text = hbx_give_json(request);
  exports_hookbox_hook_admission_response_t given;
  exports_hookbox_hook_admission_error_t error;
  bool answered = mutates ? exports_hookbox_hook_admission_mutate(&name, &of, &text, &given, &error)
                          : exports_hookbox_hook_admission_validate(&name, &of, &text, &given, &error);
  end();
  if (!answered) return failed(failure(error));
  hookbox_hook_types_refusal_t refusal;
  if (!hbx_valid_answer(&given, mutates, &refusal)) return failed(not_taken(refusal));
  hookbox_writer *audit = hookbox_write();
  hookbox_write_object(audit);
  for (size_t i = 0; i < given.audit_annotations.len; i++) {
    const hookbox_bindings_tuple2_string_string_t *pair = &given.audit_annotations.ptr[i];
    hookbox_write_key(audit, hookbox_copy((char *)pair->f0.ptr, pair->f0.len));
    hookbox_write_string_n(audit, (char *)pair->f1.ptr, pair->f1.len);
  }
  hookbox_write_end(audit);
  for (size_t i = 0; i < given.warnings.len; i++) given.warnings.ptr[i] = hbx_give_json((hookbox_json){(char *)given.warnings.ptr[i].ptr, given.warnings.ptr[i].len});
  *answer = (hookbox_test_answer){
      .allowed = given.allowed,
      .message = given.message.is_some ? hookbox_copy((char *)given.message.val.ptr, given.message.val.len) : NULL,
      .warnings = hbx_in_list(given.warnings),
      .audit = hookbox_written(audit),
      .patch = given.patch.is_some ? (hookbox_json){(char *)given.patch.val.ptr, given.patch.val.len} : (hookbox_json){NULL, 0},
  };
  return HOOKBOX_OK;
}

hookbox_error hookbox_test_validate(const char *hook, const char *binding, hookbox_json request, hookbox_test_answer *answer) {
  return ask(hook, binding, request, false, answer);
}

hookbox_error hookbox_test_mutate(const char *hook, const char *binding, hookbox_json request, hookbox_test_answer *answer) {
  return ask(hook, binding, request, true, answer);
}

hookbox_error hookbox_test_convert(const char *hook, const char *binding, const char *from, const char *to, hookbox_json object, hookbox_json *into) {
  begin();
  hbx_string name = hbx_give(hook), of = hbx_give(binding), version = hbx_give(from), other = hbx_give(to), text = hbx_give_json(object);
  exports_hookbox_hook_conversion_list_json_t objects = {&text, 1}, made;
  exports_hookbox_hook_conversion_error_t error;
  bool converted = exports_hookbox_hook_conversion_convert(&name, &of, &version, &other, &objects, &made, &error);
  end();
  if (!converted) return failed(failure(error));
  hookbox_hook_types_refusal_t refusal;
  if (!hbx_valid_converted(&made, 1, &refusal)) return failed(not_taken(refusal));
  *into = (hookbox_json){(char *)made.ptr[0].ptr, made.ptr[0].len};
  return HOOKBOX_OK;
}

hookbox_error hookbox_test_filter(const char *hook, const char *binding, hookbox_json object, hookbox_json *result) {
  begin();
  hbx_string name = hbx_give(hook), of = hbx_give(binding), text = hbx_give_json(object);
  exports_hookbox_hook_filters_list_json_t objects = {&text, 1};
  exports_hookbox_hook_filters_list_result_json_error_t results;
  exports_hookbox_hook_filters_filter(&name, &of, &objects, &results);
  end();
  if (results.ptr[0].is_err) return failed(failure(results.ptr[0].val.err));
  hookbox_hook_types_refusal_t refusal;
  return hbx_read(results.ptr[0].val.ok, result, &refusal) ? HOOKBOX_OK : failed(not_taken(refusal));
}

hookbox_json hookbox_test_config(const char *hook) {
  exports_hookbox_hook_hooks_list_hook_t all;
  exports_hookbox_hook_hooks_describe(&all);
  for (size_t i = 0; i < all.len; i++)
    if (strcmp((const char *)all.ptr[i].name.ptr, hook) == 0) return (hookbox_json){(char *)all.ptr[i].config.ptr, all.ptr[i].config.len};
  return (hookbox_json){NULL, 0};
}

hookbox_test_effects hookbox_test_asked(void) {
  hookbox_test_effects asked = hbx_host.asked;
  asked.patches = hbx_host.patches;
  asked.metrics = hbx_host.metrics;
  asked.log = hbx_host.log;
  asked.requests = hbx_host.requests;
  asked.values = hbx_host.values;
  asked.config_values = hbx_host.config_values;
  return asked;
}

static bool same(const char *one, const char *other) { return strcmp(one ? one : "", other ? other : "") == 0; }

hookbox_json hookbox_test_created(const char *kind, const char *ns, const char *name) {
  hookbox_test_effects asked = hookbox_test_asked();
  for (size_t i = asked.patches_len; i-- > 0;) {
    const hookbox_test_patch *patch = &asked.patches[i];
    bool creates = strncmp(patch->operation, "Create", 6) == 0;
    if (creates && same(patch->kind, kind) && same(patch->ns, ns) && same(patch->name, name)) return patch->object;
  }
  return (hookbox_json){NULL, 0};
}
