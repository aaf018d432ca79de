// What has to be granted.
#include <string.h>

#include "hooks.h"

// Asks the server that its config values name.
static hookbox_error run_fetch(const hookbox_input *in) {
  (void)in;
  hookbox_json found;
  hookbox_http_response answer;
  HOOKBOX_TRY(hookbox_config_values_get("/server", &found));
  const char *server = or_nothing(hookbox_json_string(found));
  hookbox_http_request asked = {.url = hookbox_text("http://%s/json?q=1", server), .headers = HOOKBOX_PAIRS({"x-asked-by", "a hook"})};
  hookbox_error error = hookbox_http_send(asked, &answer);
  if (error) return hookbox_fail("no answer: %s", code_of(error));
  hookbox_json body = hookbox_json_parse(answer.body, answer.body_len);
  int64_t version = hookbox_json_int_at(body, "/version", 0);
  INFO("got", {"status", NUMBER(answer.status)}, {"kind", or_nothing(hookbox_http_header(&answer, "content-type"))}, {"version", NUMBER(version)});

  hookbox_json sent = hookbox_json_format("{'name': 'ü', 'of': [1, 2]}");
  HOOKBOX_TRY(hookbox_http_send((hookbox_http_request){.url = hookbox_text("http://%s/echo", server),
                                                       .headers = HOOKBOX_PAIRS({"content-type", "application/json"}),
                                                       .body = sent.text,
                                                       .body_len = sent.len},
                                &answer));
  bool same = hookbox_json_equal(hookbox_json_parse(answer.body, answer.body_len), sent);
  INFO("echoed", {"status", NUMBER(answer.status)}, {"same", TRUTH(same)});
  HOOKBOX_TRY(hookbox_http_send((hookbox_http_request){.url = hookbox_text("http://%s/missing", server)}, &answer));
  INFO("missing", {"status", NUMBER(answer.status)}, {"bytes", NUMBER(answer.body_len)});
  const hookbox_http_request refused[] = {
      {.method = "DELETE", .url = hookbox_text("http://%s/json", server)},
      {.url = "http://other.example/"},
      {.url = "nonsense"},
  };
  for (size_t i = 0; i < 3; i++) INFO("refused", {"code", code_of(hookbox_http_send(refused[i], &answer))});
  return hookbox_metric_set("version", (double)version, NULL, NULL);
}

const hookbox_hook fetch_hook = {
    .name = "fetch",
    .config = {.on_startup = HOOKBOX_ORDER(3), .capabilities = "{'http': [{'hosts': ['127.0.0.1'], 'schemes': ['http'], 'methods': ['GET', 'POST']}]}"},
    .run = run_fetch,
};

// Reads objects that it does not watch.
static hookbox_error run_read(const hookbox_input *in) {
  (void)in;
  hookbox_json a, none, secret;
  hookbox_ref map = {.api_version = "v1", .kind = "ConfigMap", .ns = "default", .name = "a"};
  HOOKBOX_TRY(hookbox_cluster_get(map, &a));
  map.name = "none";
  HOOKBOX_TRY(hookbox_cluster_get(map, &none));
  INFO("got", {"level", or_nothing(hookbox_json_string_at(a, "/data/level"))}, {"none", TRUTH(!hookbox_json_there(none))});
  const char *names = "";
  hookbox_listing maps = hookbox_cluster_list((hookbox_selection){.api_version = "v1", .kind = "ConfigMap", .ns = "default", .labels = "app=web", .limit = 2});
  for (hookbox_json one; hookbox_cluster_next(&maps, &one);)
    names = hookbox_text("%s%s%s", names, *names ? " " : "", hookbox_json_string_at(one, "/metadata/name"));
  HOOKBOX_TRY(maps.error);
  INFO("listed", {"names", names});
  hookbox_error error = hookbox_cluster_get((hookbox_ref){.api_version = "v1", .kind = "Secret", .ns = "default", .name = "s"}, &secret);
  INFO("refused", {"code", code_of(error)});
  return HOOKBOX_OK;
}

const hookbox_hook read_hook = {
    .name = "read",
    .config = {.on_startup = HOOKBOX_ORDER(4), .capabilities = "{'kubernetes': [{'apiGroups': [''], 'kinds': ['ConfigMap'], 'namespaces': ['default'], 'verbs': ['get', 'list']}]}"},
    .run = run_read,
};
