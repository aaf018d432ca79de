/* What the host calls. */
#include <stdio.h>

#include "internal.h"

static void begin(void) {
  /* Lines are logged as they are printed, so that those before a trap are there. */
  static bool begun;
  if (!begun) setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  begun = true;
}

static void end(void) {
  fflush(stdout);
  hbx_close();
  hbx_done();
}

static const hookbox_hook *named(const char *name, hookbox_error *error) {
  for (const hookbox_hook *const *hook = hookbox_hooks; *hook; hook++)
    if ((*hook)->name && strcmp((*hook)->name, name) == 0) return *hook;
  *error = hookbox_never_retry(hookbox_fail("the component has no hook `%s`", name));
  return NULL;
}

void exports_hookbox_hook_hooks_describe(exports_hookbox_hook_hooks_list_hook_t *ret) {
  begin();
  size_t len = 0;
  while (hookbox_hooks[len]) len++;
  exports_hookbox_hook_hooks_hook_t *all = hookbox_alloc(len * sizeof *all + 1);
  for (size_t i = 0; i < len; i++) {
    if (!hookbox_hooks[i]->name) hbx_mistake("hook %zu of HOOKBOX_HOOKS has no name", i);
    all[i] = (exports_hookbox_hook_hooks_hook_t){hbx_out(hookbox_hooks[i]->name), hbx_config(hookbox_hooks[i])};
  }
  *ret = (exports_hookbox_hook_hooks_list_hook_t){all, len};
  end();
}

static hookbox_error run(const char *name, exports_hookbox_hook_hooks_list_own_binding_context_t *given) {
  hookbox_error error = HOOKBOX_OK;
  const hookbox_hook *hook = named(name, &error);
  if (!hook) return error;
  if (!hook->run) return hookbox_never_retry(hookbox_fail("the hook has no function `run`"));
  hookbox_context *contexts = hookbox_alloc(given->len * sizeof *contexts + 1);
  for (size_t i = 0; i < given->len; i++) contexts[i].handle = given->ptr[i].__handle;
  const hookbox_input in = {.hook = name, .contexts = contexts, .contexts_len = given->len};
  return hook->run(&in);
}

bool exports_hookbox_hook_hooks_run(hbx_string *hook, exports_hookbox_hook_hooks_list_own_binding_context_t *contexts, exports_hookbox_hook_hooks_error_t *err) {
  begin();
  hookbox_error error = run(hbx_in(*hook), contexts);
  if (error) *err = hbx_failed(error);
  for (size_t i = 0; i < contexts->len; i++) hookbox_hook_contexts_binding_context_drop_own(contexts->ptr[i]);
  end();
  return !error;
}

static hookbox_error filtered(const char *name, const char *binding, hbx_string object, hookbox_json *result) {
  hookbox_error error = HOOKBOX_OK;
  const hookbox_hook *hook = named(name, &error);
  if (!hook) return error;
  for (const hookbox_kubernetes *one = hook->config.kubernetes; one && one->kind; one++)
    if (one->filter && strcmp(hbx_binding_name(one), binding) == 0) return one->filter(hbx_in_json(object), result);
  return hookbox_fail("the binding `%s` has no filter", binding);
}

void exports_hookbox_hook_filters_filter(hbx_string *hook, hbx_string *binding, exports_hookbox_hook_filters_list_json_t *objects, exports_hookbox_hook_filters_list_result_json_error_t *ret) {
  begin();
  const char *name = hbx_in(*hook), *of = hbx_in(*binding);
  exports_hookbox_hook_filters_result_json_error_t *results = hookbox_alloc(objects->len * sizeof *results + 1);
  for (size_t i = 0; i < objects->len; i++) {
    hookbox_json result = {NULL, 0};
    hookbox_error error = filtered(name, of, objects->ptr[i], &result);
    results[i].is_err = error != NULL;
    if (error)
      results[i].val.err = hbx_failed(error);
    else
      results[i].val.ok = result.text ? hbx_out_json(result) : hbx_out("null");
  }
  *ret = (exports_hookbox_hook_filters_list_result_json_error_t){results, objects->len};
  end();
}

hookbox_verdict hookbox_allow(void) { return (hookbox_verdict){.allowed = true}; }

hookbox_verdict hookbox_deny(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  hookbox_verdict verdict = {.message = hookbox_vtext(format, arguments)};
  va_end(arguments);
  return verdict;
}

hookbox_verdict hookbox_change(hookbox_json object) { return (hookbox_verdict){.allowed = true, .object = object}; }

static const hookbox_pair *with(const hookbox_pair *pairs, const char *name, const char *value) {
  size_t len = hbx_count(pairs);
  hookbox_pair *more = hookbox_alloc((len + 2) * sizeof *more);
  for (size_t i = 0; i < len; i++) more[i] = pairs[i];
  more[len] = (hookbox_pair){hookbox_copy(name, strlen(name)), value ? hookbox_copy(value, strlen(value)) : NULL};
  more[len + 1] = (hookbox_pair){NULL, NULL};
  return more;
}

void hookbox_warn(hookbox_verdict *verdict, const char *text) { verdict->warnings = with(verdict->warnings, text, NULL); }

void hookbox_audit(hookbox_verdict *verdict, const char *key, const char *value) {
  verdict->audit = with(verdict->audit, key, value);
}

typedef hookbox_error (*deciding)(const hookbox_review *review, hookbox_verdict *verdict);

static hookbox_error decide(const char *name, const char *binding, hookbox_json request, bool mutates, hookbox_review *review, hookbox_verdict *verdict) {
  hookbox_error error = HOOKBOX_OK;
  const hookbox_hook *hook = named(name, &error);
  if (!hook) return error;
  deciding how = mutates ? hook->mutate : hook->validate;
  if (!how) return hookbox_never_retry(hookbox_fail("the hook does not answer reviews of `%s`", binding));
  *review = (hookbox_review){
      .hook = name,
      .binding = binding,
      .operation = hookbox_json_string_at(request, "/operation"),
      .name = hookbox_json_string_at(request, "/name"),
      .ns = hookbox_json_string_at(request, "/namespace"),
      .dry_run = hookbox_json_bool_at(request, "/dryRun", false),
      .object = hookbox_json_at(request, "/object"),
      .old_object = hookbox_json_at(request, "/oldObject"),
      .request = request,
  };
  if (hookbox_json_kind_of(review->object) == HOOKBOX_JSON_NULL) review->object = (hookbox_json){NULL, 0};
  if (hookbox_json_kind_of(review->old_object) == HOOKBOX_JSON_NULL) review->old_object = (hookbox_json){NULL, 0};
  return how(review, verdict);
}

static bool admit(hbx_string *hook, hbx_string *binding, hbx_string *request, bool mutates, exports_hookbox_hook_admission_response_t *ret, exports_hookbox_hook_admission_error_t *err) {
  begin();
  hookbox_review review = {0};
  hookbox_verdict verdict = {0};
  hookbox_error error = decide(hbx_in(*hook), hbx_in(*binding), hbx_in_json(*request), mutates, &review, &verdict);
  if (error) {
    *err = hbx_failed(error);
    end();
    return false;
  }
  size_t warnings = hbx_count(verdict.warnings), audits = hbx_count(verdict.audit);
  *ret = (exports_hookbox_hook_admission_response_t){.allowed = verdict.allowed, .message = hbx_maybe(verdict.message)};
  ret->warnings.ptr = hookbox_alloc(warnings * sizeof *ret->warnings.ptr + 1);
  ret->warnings.len = warnings;
  for (size_t i = 0; i < warnings; i++) ret->warnings.ptr[i] = hbx_out(verdict.warnings[i].name);
  ret->audit_annotations.ptr = hookbox_alloc(audits * sizeof *ret->audit_annotations.ptr + 1);
  ret->audit_annotations.len = audits;
  for (size_t i = 0; i < audits; i++)
    ret->audit_annotations.ptr[i] = (hookbox_bindings_tuple2_string_string_t){hbx_out(verdict.audit[i].name), hbx_out(verdict.audit[i].value)};
  if (mutates && verdict.object.text) {
    hookbox_json patch = hookbox_json_diff(review.object, verdict.object);
    /* Where nothing is another than before, nothing is sent. */
    ret->patch.is_some = hookbox_json_len(patch) > 0;
    ret->patch.val = hbx_out_json(patch);
  }
  end();
  return true;
}

bool exports_hookbox_hook_admission_validate(hbx_string *hook, hbx_string *binding, hbx_string *request, exports_hookbox_hook_admission_response_t *ret, exports_hookbox_hook_admission_error_t *err) {
  return admit(hook, binding, request, false, ret, err);
}

bool exports_hookbox_hook_admission_mutate(hbx_string *hook, hbx_string *binding, hbx_string *request, exports_hookbox_hook_admission_response_t *ret, exports_hookbox_hook_admission_error_t *err) {
  return admit(hook, binding, request, true, ret, err);
}

static hookbox_error converted(const hookbox_converted *how, exports_hookbox_hook_conversion_list_json_t *objects, exports_hookbox_hook_conversion_list_json_t *ret) {
  hookbox_error error = HOOKBOX_OK;
  const hookbox_hook *hook = named(how->hook, &error);
  if (!hook) return error;
  if (!hook->convert) return hookbox_never_retry(hookbox_fail("the hook does not convert (`%s`)", how->binding));
  ret->ptr = hookbox_alloc(objects->len * sizeof *ret->ptr + 1);
  ret->len = objects->len;
  for (size_t i = 0; i < objects->len; i++) {
    hookbox_json into = {NULL, 0};
    hookbox_json object = hbx_in_json(objects->ptr[i]);
    error = hook->convert(how, object, &into);
    if (!error && !into.text) error = hookbox_fail("it was converted to nothing");
    if (error) {
      const char *name = hookbox_json_string_at(object, "/metadata/name");
      return hookbox_wrap(error, "%s", name ? name : hookbox_text("object %zu", i));
    }
    ret->ptr[i] = hbx_out_json(into);
  }
  return HOOKBOX_OK;
}

bool exports_hookbox_hook_conversion_convert(hbx_string *hook, hbx_string *binding, hbx_string *from, hbx_string *to, exports_hookbox_hook_conversion_list_json_t *objects, exports_hookbox_hook_conversion_list_json_t *ret, exports_hookbox_hook_conversion_error_t *err) {
  begin();
  const hookbox_converted how = {hbx_in(*hook), hbx_in(*binding), hbx_in(*from), hbx_in(*to)};
  hookbox_error error = converted(&how, objects, ret);
  if (error) *err = hbx_failed(error);
  end();
  return !error;
}
