// What the API server asks.
#include <string.h>

#include "hooks.h"

#define DEPLOYMENTS(...)                                                                                 \
  HOOKBOX_RULES({.api_groups = HOOKBOX_STRINGS("apps"), .api_versions = HOOKBOX_STRINGS("v1"),           \
                 .resources = HOOKBOX_STRINGS("deployments"), .operations = HOOKBOX_STRINGS(__VA_ARGS__)})

// Allows what somebody of the team `admins` asks for, and otherwise only small replicas.
static hookbox_error judge(const hookbox_review *of, hookbox_verdict *verdict) {
  *verdict = hookbox_allow();
  HOOKBOX_JSON_EACH(group, hookbox_json_at(of->request, "/userInfo/groups")) {
    if (strcmp(or_nothing(hookbox_json_string(group.value)), "admins") != 0) continue;
    hookbox_warn(verdict, "an admin may do all");
    return HOOKBOX_OK;
  }
  int64_t replicas = hookbox_json_int_at(of->object, "/spec/replicas", 1);
  if (replicas == 13) return hookbox_fail("13 cannot be judged");
  if (replicas > 5) {
    *verdict = hookbox_deny("%s has %lld replicas, and 5 are enough", of->name, (long long)replicas);
    hookbox_warn(verdict, "ask an admin");
    hookbox_warn(verdict, "or use fewer");
    hookbox_audit(verdict, "replicas", NUMBER(replicas));
  }
  return HOOKBOX_OK;
}

const hookbox_hook review_hook = {
    .name = "review",
    .config = {.validating = HOOKBOX_WEBHOOKS({.name = "review.example.com", .rules = DEPLOYMENTS("CREATE", "UPDATE")})},
    .validate = judge,
};

// Labels with the namespace, and nothing when that is there.
static hookbox_error label(const hookbox_review *of, hookbox_verdict *verdict) {
  hookbox_json object = of->object;
  if (!hookbox_json_there(hookbox_json_at(object, "/metadata/labels"))) object = hookbox_json_set(object, "/metadata/labels", hookbox_json_format("{}"));
  if (!hookbox_json_there(hookbox_json_at(object, "/metadata/labels/from~1namespace")))
    object = hookbox_json_set(object, "/metadata/labels/from~1namespace", hookbox_json_of(or_nothing(of->ns)));
  *verdict = hookbox_change(object);
  return HOOKBOX_OK;
}

const hookbox_hook change_hook = {
    .name = "change",
    .config = {.mutating = HOOKBOX_WEBHOOKS({.name = "change.example.com", .rules = DEPLOYMENTS("CREATE")})},
    .mutate = label,
};

// From `v1`, where the spec is one text, to `v2`, where it has parts.
static hookbox_error split(const hookbox_converted *how, hookbox_json object, hookbox_json *into) {
  const char *text = hookbox_json_string_at(object, "/spec/text");
  if (!text) return hookbox_fail("the spec has no text");
  hookbox_writer *parts = hookbox_write();
  hookbox_write_array(parts);
  for (;; text++) {
    size_t len = strcspn(text, " ");
    hookbox_write_string_n(parts, text, len);
    text += len;
    if (!*text) break;
  }
  hookbox_write_end(parts);
  object = hookbox_json_set(object, "/apiVersion", hookbox_json_format("'example.com/%s'", how->to));
  *into = hookbox_json_set(object, "/spec", hookbox_json_format("{'parts': %j}", hookbox_written(parts)));
  return HOOKBOX_OK;
}

const hookbox_hook convert_hook = {
    .name = "convert",
    .config = {.conversion = HOOKBOX_CONVERSIONS({.name = "convert", .crd_name = "things.example.com", .conversions = HOOKBOX_VERSIONS({"v1", "v2"})})},
    .convert = split,
};
