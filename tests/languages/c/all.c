// All that a component can export, in C.
#include <stdio.h>
#include <string.h>

#include <hookbox.h>

static hookbox_error by_name(hookbox_json object, hookbox_json *result) {
  const char *name = hookbox_json_string_at(object, "/metadata/name");
  if (name && strcmp(name, "bad") == 0) return hookbox_fail("a bad one");
  *result = hookbox_json_format("{'name': %s}", name);
  return HOOKBOX_OK;
}

static hookbox_error run(const hookbox_input *in) {
  for (size_t i = 0; i < in->contexts_len; i++) {
    const hookbox_context *context = &in->contexts[i];
    printf("%s %s %zu\n", hookbox_context_binding(context), hookbox_context_kind(context),
           hookbox_snapshot_len(hookbox_context_objects(context)));
  }
  HOOKBOX_EACH(entry, hookbox_snapshot_of("maps"))
    hookbox_log(HOOKBOX_INFO, "seen", HOOKBOX_PAIRS({"name", hookbox_json_string_at(entry.filter_result, "/name")}));
  return HOOKBOX_OK;
}

static hookbox_error validate(const hookbox_review *review, hookbox_verdict *verdict) {
  *verdict = hookbox_deny("no %s", review->name);
  hookbox_warn(verdict, "w1");
  hookbox_warn(verdict, "w2");
  hookbox_audit(verdict, "k", "v");
  return HOOKBOX_OK;
}

static hookbox_error mutate(const hookbox_review *review, hookbox_verdict *verdict) {
  *verdict = hookbox_change(hookbox_json_set(review->object, "/data", hookbox_json_format("{'by': %s}", review->binding)));
  return HOOKBOX_OK;
}

static hookbox_error convert(const hookbox_converted *how, hookbox_json object, hookbox_json *into) {
  object = hookbox_json_set(object, "/apiVersion", hookbox_json_format("'example.com/%s'", how->to));
  *into = hookbox_json_set(object, "/from", hookbox_json_of(how->from));
  return HOOKBOX_OK;
}

#define RULES                                                                                              \
  HOOKBOX_RULES({.api_groups = HOOKBOX_STRINGS(""), .api_versions = HOOKBOX_STRINGS("v1"),                 \
                 .operations = HOOKBOX_STRINGS("CREATE"), .resources = HOOKBOX_STRINGS("configmaps")})

static const hookbox_hook all = {
    .name = "all",
    .config =
        {
            .kubernetes = HOOKBOX_KUBERNETES({.name = "maps", .api_version = "v1", .kind = "ConfigMap", .filter = by_name}),
            .validating = HOOKBOX_WEBHOOKS({.name = "validate.example.com", .rules = RULES}),
            .mutating = HOOKBOX_WEBHOOKS({.name = "mutate.example.com", .rules = RULES}),
            .conversion = HOOKBOX_CONVERSIONS({.name = "convert", .crd_name = "things.example.com", .conversions = HOOKBOX_VERSIONS({"v1", "v2"})}),
        },
    .run = run,
    .validate = validate,
    .mutate = mutate,
    .convert = convert,
};

HOOKBOX_HOOKS(&all);
