/* Hooks, as the host of hookbox_test.h runs them. */
#include <string.h>

#include <hookbox_test.h>

static hookbox_error all_of_it(const hookbox_input *in) {
  HOOKBOX_CHECK_TEXT(in->hook, "all");
  for (size_t i = 0; i < in->contexts_len; i++) {
    const hookbox_context *context = &in->contexts[i];
    const char *kind = hookbox_context_kind(context);
    hookbox_logf(HOOKBOX_DEBUG, "%s %s %s %s", hookbox_context_binding(context), kind ? kind : "-",
                 hookbox_context_watch_event(context) ? hookbox_context_watch_event(context) : "-",
                 hookbox_context_group(context) ? hookbox_context_group(context) : "-");
    if (!kind) continue;
    hookbox_json name;
    name = hookbox_json_of("before");
    HOOKBOX_CHECK(hookbox_is_refused(hookbox_context_object_at(context, "x", &name), "invalid-pointer") && !name.text);
    HOOKBOX_TRY(hookbox_context_object_at(context, "/metadata/name", &name));
    if (name.text) hookbox_log(HOOKBOX_INFO, "object", HOOKBOX_PAIRS({"name", hookbox_json_string(name)}, {"whole", hookbox_context_json(context).text}));
  }
  hookbox_snapshot pods = hookbox_snapshot_of("pods");
  HOOKBOX_CHECK(hookbox_snapshot_of("pods").handle == pods.handle);
  HOOKBOX_CHECK(!hookbox_snapshot_of("nothing").there);
  HOOKBOX_EACH(none, hookbox_snapshot_of("nothing")) HOOKBOX_CHECK(false);
  size_t seen = 0;
  HOOKBOX_EACH(entry, pods) {
    HOOKBOX_CHECK(entry.index == seen++);
    const char *name = hookbox_json_string_at(entry.object, "/metadata/name");
    if (strcmp(name, "stop") == 0) break;
    HOOKBOX_TRY(hookbox_delete((hookbox_ref){.kind = "Pod", .ns = "default", .name = name}));
  }
  hookbox_json part;
  HOOKBOX_TRY(hookbox_snapshot_object_at(pods, 0, "/metadata/name", &part));
  hookbox_entry first;
  if (hookbox_snapshot_get(pods, 0, &first)) HOOKBOX_CHECK(hookbox_json_equal(part, hookbox_json_at(first.object, "/metadata/name")));
  HOOKBOX_CHECK(!hookbox_snapshot_get(pods, hookbox_snapshot_len(pods), &first));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_snapshot_object_at(pods, 0, "x", &part), "invalid-pointer"));

  hookbox_json replicas;
  bool there;
  HOOKBOX_TRY(hookbox_values_get("/web/replicas", &replicas));
  HOOKBOX_TRY(hookbox_values_exists("/web/none", &there));
  HOOKBOX_CHECK(!there);
  HOOKBOX_TRY(hookbox_values_set("/web/seen", hookbox_json_format("%zu", seen)));
  HOOKBOX_TRY(hookbox_values_remove("/old"));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_values_remove("/old"), "no-such-path"));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_values_set("/~", replicas), "invalid-path"));
  /* Keys joined by dots, or a pointer. */
  HOOKBOX_TRY(hookbox_values_set("web.a/b~c", replicas));
  HOOKBOX_TRY(hookbox_values_get("/web/a~1b~0c", &part));
  HOOKBOX_CHECK(hookbox_json_equal(part, replicas));
  HOOKBOX_TRY(hookbox_values_exists("web.a/b~c", &there));
  HOOKBOX_CHECK(there);
  HOOKBOX_TRY(hookbox_values_remove("web.a/b~c"));
  HOOKBOX_TRY(hookbox_values_get("/x.y", &part));
  HOOKBOX_CHECK_JSON(part, "5");
  HOOKBOX_TRY(hookbox_values_get("x.y", &part));
  HOOKBOX_CHECK(!hookbox_json_there(part));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_values_set("/x", (hookbox_json){"}", 1}), "invalid-json"));
  HOOKBOX_TRY(hookbox_config_values_set("/enabled", hookbox_json_format("%b", true)));

  hookbox_ref deployment = {.api_version = "apps/v1", .kind = "Deployment", .ns = "default", .name = "web"};
  HOOKBOX_TRY(hookbox_create(hookbox_config_map("default", "made", HOOKBOX_PAIRS({"a", "b"}))));
  HOOKBOX_TRY(hookbox_create_if_not_exists(hookbox_json_format("{'apiVersion': 'v1', 'kind': 'Namespace', 'metadata': {'name': 'n'}}")));
  HOOKBOX_TRY(hookbox_delete_in_background(deployment));
  HOOKBOX_TRY(hookbox_delete_non_cascading(deployment));
  HOOKBOX_TRY(hookbox_merge_patch(deployment, hookbox_json_format("{'spec': {'replicas': %j}}", replicas), (hookbox_patch_options){.subresource = "scale", .ignore_missing_object = true}));
  HOOKBOX_TRY(hookbox_json_patch(deployment, hookbox_json_format("[]"), HOOKBOX_PLAIN));
  HOOKBOX_TRY(hookbox_jq_patch(deployment, ".spec.replicas = 1", (hookbox_patch_options){.subresource = "status", .ignore_hook_error = true}));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_json_patch(deployment, hookbox_json_format("{}"), HOOKBOX_PLAIN), "invalid-patch"));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_create(hookbox_json_format("{}")), "invalid-object"));

  static const double buckets[] = {0.1, 1};
  HOOKBOX_TRY(hookbox_metric_add("runs", 1, NULL, NULL));
  HOOKBOX_TRY(hookbox_metric_set("pods", (double)seen, HOOKBOX_PAIRS({"ns", "default"}), "g"));
  HOOKBOX_TRY(hookbox_metric_observe("seconds", 0.5, buckets, 2, NULL, NULL));
  HOOKBOX_TRY(hookbox_metric_expire("g"));
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_metric_add("runs", -1, NULL, NULL), "invalid-metric"));

  hookbox_json node;
  HOOKBOX_TRY(hookbox_cluster_get((hookbox_ref){.api_version = "v1", .kind = "Node", .name = "a"}, &node));
  HOOKBOX_CHECK(hookbox_json_there(node));
  hookbox_json missing;
  HOOKBOX_CHECK_FAILS(hookbox_cluster_get((hookbox_ref){.kind = "Node", .name = "a"}, &missing), "`api_version` is left out (invalid-argument)");
  hookbox_listing unversioned = hookbox_cluster_list((hookbox_selection){.kind = "Node"});
  HOOKBOX_CHECK(!hookbox_cluster_next(&unversioned, &missing) && hookbox_is_refused(unversioned.error, "invalid-argument"));
  HOOKBOX_CHECK_TEXT(unversioned.error->message, "`api_version` is left out (invalid-argument)");
  hookbox_listing nodes = hookbox_cluster_list((hookbox_selection){.api_version = "v1", .kind = "Node", .limit = 1});
  size_t listed = 0;
  for (hookbox_json one; hookbox_cluster_next(&nodes, &one);) listed++;
  HOOKBOX_TRY(nodes.error);
  HOOKBOX_CHECK(listed == 3);
  return HOOKBOX_OK;
}

static hookbox_error asks(const hookbox_input *in) {
  (void)in;
  hookbox_http_response answer;
  HOOKBOX_TRY(hookbox_http_send((hookbox_http_request){.url = "https://a.example.com/x"}, &answer));
  HOOKBOX_CHECK(answer.status == 404 && answer.body_len == 2);
  HOOKBOX_CHECK_TEXT(answer.body, "no");
  HOOKBOX_CHECK_TEXT(hookbox_http_header(&answer, "content-type"), "text/plain");
  HOOKBOX_CHECK_TEXT(hookbox_http_header(&answer, "etag"), NULL);
  HOOKBOX_CHECK(hookbox_is_refused(hookbox_http_send((hookbox_http_request){.url = "https://a.example.com/x", .limit = 1}, &answer), "too-large"));
  HOOKBOX_TRY(hookbox_http_send((hookbox_http_request){.url = "https://a.example.com/x", .limit = 2}, &answer));
  return hookbox_http_send((hookbox_http_request){.url = "https://b.example.com/", .headers = HOOKBOX_PAIRS({"accept", "*/*"}), .body = "{}", .body_len = 2}, &answer);
}

static hookbox_error fails(const hookbox_input *in) {
  (void)in;
  HOOKBOX_TRY(hookbox_values_set("/a", hookbox_json_of("b")));
  HOOKBOX_TRY(hookbox_metric_add("runs", 1, NULL, NULL));
  const hookbox_patch_options options[] = {{.ignore_hook_error = true}, {.subresource = "scale", .ignore_hook_error = true},
                                           {.subresource = "status"}, {.subresource = "status", .ignore_hook_error = true},
                                           {.subresource = "/status", .ignore_hook_error = true}};
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    HOOKBOX_TRY(hookbox_merge_patch((hookbox_ref){.kind = "Pod", .name = "a"}, hookbox_json_format("{'status': {}}"), options[i]));
  hookbox_json how;
  HOOKBOX_TRY(hookbox_values_get("/how", &how));
  const char *word = hookbox_json_string(how);
  if (strcmp(word, "after") == 0) return hookbox_retry_after(1500, hookbox_fail("not %s", "yet"));
  if (strcmp(word, "never") == 0) return hookbox_wrap(hookbox_never_retry(hookbox_fail("no")), "in %d", 3);
  if (strcmp(word, "refused") == 0) return hookbox_values_remove("/nothing");
  return hookbox_fail("a\xFF");
}

static hookbox_error by_name(hookbox_json object, hookbox_json *result) {
  const char *name = hookbox_json_string_at(object, "/metadata/name");
  if (name && strcmp(name, "broken") == 0) {
    *result = (hookbox_json){"{", 1};
    return HOOKBOX_OK;
  }
  if (!name) return hookbox_fail("it has no name");
  *result = hookbox_json_format("{'name': %s}", name);
  return HOOKBOX_OK;
}

static hookbox_error validate(const hookbox_review *review, hookbox_verdict *verdict) {
  if (review->name && strcmp(review->name, "broken") == 0) return hookbox_fail("it cannot be said");
  if (review->name && strcmp(review->name, "silent") == 0) return HOOKBOX_OK;
  *verdict = review->dry_run ? hookbox_allow() : hookbox_deny("no %s in %s", review->operation, review->ns ? review->ns : "none");
  hookbox_warn(verdict, "w1");
  hookbox_warn(verdict, "w2");
  hookbox_audit(verdict, "k", "v");
  return HOOKBOX_OK;
}

static hookbox_error mutate(const hookbox_review *review, hookbox_verdict *verdict) {
  *verdict = hookbox_change(hookbox_json_set(review->object, "/spec/priority", hookbox_json_format("1")));
  return HOOKBOX_OK;
}

static hookbox_error convert(const hookbox_converted *how, hookbox_json object, hookbox_json *into) {
  if (strcmp(how->to, "v9") == 0) return hookbox_fail("there is no v9");
  *into = hookbox_json_set(object, "/apiVersion", hookbox_json_format("'example.com/%s'", how->to));
  return HOOKBOX_OK;
}

static const hookbox_hook all = {
    .name = "all",
    .config =
        {
            .on_startup = HOOKBOX_ORDER(-5),
            .schedule = HOOKBOX_SCHEDULES({.name = "nightly", .crontab = "0 3 * * *", .queue = "q", .group = "g", .allow_failure = true},
                                          {.crontab = "@hourly", .include_snapshots_from = HOOKBOX_STRINGS("pods")}),
            .kubernetes = HOOKBOX_KUBERNETES(
                {
                    .name = "pods",
                    .api_version = "v1",
                    .kind = "Pod",
                    .events = HOOKBOX_ADDED | HOOKBOX_DELETED,
                    .skip_synchronization = true,
                    .no_wait_for_synchronization = true,
                    .drop_full_objects = true,
                    .metadata_only = true,
                    .names = HOOKBOX_STRINGS("a", "b"),
                    .labels = {.match = HOOKBOX_PAIRS({"app", "x"}), .expressions = HOOKBOX_EXPRESSIONS({"tier", "In", HOOKBOX_STRINGS("web")}, {"old", "DoesNotExist", NULL})},
                    .fields = HOOKBOX_FIELDS({"status.phase", "NotEquals", "Running"}),
                    .namespaces = HOOKBOX_STRINGS("default"),
                    .allow_failure = true,
                    .queue = "pods",
                    .include_snapshots_from = HOOKBOX_STRINGS("pods"),
                },
                {.kind = "ConfigMap", .events = HOOKBOX_NO_EVENTS, .filter = by_name, .namespace_labels = {.match = HOOKBOX_PAIRS({"team", "a"})}},
                {.name = "jq", .kind = "Secret", .jq_filter = ".metadata.name", .group = "g"}),
            .validating = HOOKBOX_WEBHOOKS({
                .name = "a.example.com",
                .rules = HOOKBOX_RULES({HOOKBOX_STRINGS(""), HOOKBOX_STRINGS("v1"), HOOKBOX_STRINGS("CREATE", "UPDATE"), HOOKBOX_STRINGS("pods"), "Namespaced"}),
                .failure_policy = "Ignore",
                .side_effects = "NoneOnDryRun",
                .timeout_seconds = 5,
                .labels = {.match = HOOKBOX_PAIRS({"app", "x"})},
                .namespace_labels = {.match = HOOKBOX_PAIRS({"team", "a"})},
                .conditions = HOOKBOX_CONDITIONS({"c", "true"}),
                .group = "g",
            }),
            .mutating = HOOKBOX_WEBHOOKS({.name = "b.example.com", .include_snapshots_from = HOOKBOX_STRINGS("pods")}),
            .conversion = HOOKBOX_CONVERSIONS({.name = "c", .crd_name = "things.example.com", .conversions = HOOKBOX_VERSIONS({"v1", "v2"}), .include_snapshots_from = HOOKBOX_STRINGS("pods")}),
            .settings = {.min_interval = "10s"},
            .capabilities = "{'wallClock': true}",
        },
    .run = all_of_it,
    .validate = validate,
    .mutate = mutate,
    .convert = convert,
};

static const hookbox_hook failing = {.name = "fails", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = fails};
static const hookbox_hook text = {.name = "text", .config_text = "configVersion: v1\nonStartup: 1\n"};

static const hookbox_hook asking = {.name = "asks", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = asks};

/* Says what is left of each Pod. */
static hookbox_error picks(const hookbox_input *in) {
  (void)in;
  hookbox_snapshot pods = hookbox_snapshot_of("pods");
  hookbox_snapshot some = hookbox_snapshot_fields(pods, HOOKBOX_STRINGS("/metadata/name", "/spec/containers/image", "/a~1b/~0", "/spec/kept", "/spec/kept/less"));
  HOOKBOX_CHECK(hookbox_snapshot_len(some) == hookbox_snapshot_len(pods) && some.handle == pods.handle && !pods.fields);
  hookbox_entry third;
  HOOKBOX_CHECK(hookbox_snapshot_get(some, 2, &third) && third.index == 2 && !hookbox_snapshot_get(some, hookbox_snapshot_len(some), &third));
  HOOKBOX_CHECK(!hookbox_snapshot_get(hookbox_snapshot_fields(hookbox_snapshot_of("nothing"), HOOKBOX_STRINGS("/a")), 0, &third));
  HOOKBOX_EACH(entry, some) {
    if (entry.index == 2) HOOKBOX_CHECK(hookbox_json_equal(entry.object, third.object));
    if (!entry.object.text) continue;
    hookbox_log(HOOKBOX_INFO, "left", HOOKBOX_PAIRS({"of", entry.object.text}, {"result", entry.filter_result.text ? entry.filter_result.text : "none"}));
  }
  HOOKBOX_EACH(entry, hookbox_snapshot_fields(pods, HOOKBOX_STRINGS(NULL)))
  if (entry.index == 0) HOOKBOX_CHECK_TEXT(entry.object.text, "{}");
  HOOKBOX_EACH(entry, hookbox_snapshot_fields(some, HOOKBOX_STRINGS("")))
  if (entry.index == 0) HOOKBOX_CHECK(hookbox_json_there(hookbox_json_at(entry.object, "/metadata/uid")));
  return HOOKBOX_OK;
}

static const hookbox_hook picking = {.name = "picks", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = picks};

/* Gives back what it needed for each of its effects. */
static hookbox_error gives_back(const hookbox_input *in) {
  (void)in;
  for (int i = 0; i < 3; i++) {
    hookbox_marked mark = hookbox_mark();
    const char *name = hookbox_text("n%d", i);
    const hookbox_ref ref = {.api_version = hookbox_text("v%d", i), .kind = hookbox_text("K%d", i), .ns = hookbox_text("ns%d", i), .name = name};
    const hookbox_pair *pairs = HOOKBOX_PAIRS({name, hookbox_text("v%d", i)});
    hookbox_json value = hookbox_json_format("{%s: %d}", name, i);
    const double bounds[] = {i, i + 1};
    hookbox_http_response answer;
    HOOKBOX_TRY(hookbox_create_or_update(hookbox_config_map("default", name, pairs)));
    HOOKBOX_TRY(hookbox_delete(ref));
    HOOKBOX_TRY(hookbox_merge_patch(ref, value, (hookbox_patch_options){.subresource = hookbox_text("s%d", i)}));
    HOOKBOX_TRY(hookbox_jq_patch(ref, hookbox_text(".a = %d", i), HOOKBOX_PLAIN));
    HOOKBOX_TRY(hookbox_values_set(hookbox_text("/%s", name), value));
    HOOKBOX_TRY(hookbox_config_values_set(hookbox_text("/%s", name), value));
    HOOKBOX_TRY(hookbox_values_remove(hookbox_text("/old%d", i)));
    HOOKBOX_TRY(hookbox_metric_observe(hookbox_text("m%d", i), i, bounds, 2, pairs, hookbox_text("g%d", i)));
    HOOKBOX_TRY(hookbox_http_send((hookbox_http_request){.url = hookbox_text("http://a/%d", i), .headers = pairs, .body = name, .body_len = 2}, &answer));
    hookbox_log(HOOKBOX_INFO, hookbox_text("l%d", i), pairs);
    hookbox_release(mark);
    memset(hookbox_alloc(100000), 'x', 100000);
  }
  return HOOKBOX_OK;
}

static const hookbox_hook giving_back = {.name = "gives back", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = gives_back};

/* Asks again and again for the same objects. */
static hookbox_error looks_up(const hookbox_input *in) {
  size_t seen = 0;
  for (int i = 0; i < 5000; i++)
    for (size_t at = 0; at < in->contexts_len; at++) seen += hookbox_snapshot_len(hookbox_context_objects(&in->contexts[at]));
  return hookbox_values_set("/seen", hookbox_json_format("%zu", seen));
}

static const hookbox_hook looking_up = {.name = "looks up", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = looks_up};

/* Effects of other calls than runs; those of objects with a name fail after them. */
static hookbox_error leaves(void) {
  HOOKBOX_TRY(hookbox_values_set("/a", hookbox_json_of("b")));
  HOOKBOX_TRY(hookbox_config_values_set("/a", hookbox_json_of("b")));
  HOOKBOX_TRY(hookbox_metric_add("calls", 1, NULL, NULL));
  hookbox_log(HOOKBOX_INFO, "called", NULL);
  return hookbox_create(hookbox_config_map("default", "left", NULL));
}

static hookbox_error leaves_reviewing(const hookbox_review *review, hookbox_verdict *verdict) {
  HOOKBOX_TRY(leaves());
  if (review->name && strcmp(review->name, "bad") == 0) hookbox_audit(verdict, "", "no key");
  else if (review->name) return hookbox_fail("no");
  verdict->allowed = true;
  return HOOKBOX_OK;
}

static hookbox_error leaves_converting(const hookbox_converted *how, hookbox_json object, hookbox_json *into) {
  (void)how;
  HOOKBOX_TRY(leaves());
  *into = object;
  return hookbox_json_at(object, "/metadata/name").text ? hookbox_fail("no") : HOOKBOX_OK;
}

static const hookbox_hook leaving = {
    .name = "leaves",
    .config = {.validating = HOOKBOX_WEBHOOKS({.name = "a.example.com"})},
    .validate = leaves_reviewing,
    .mutate = leaves_reviewing,
    .convert = leaves_converting,
};

/* Says what its reasons are, as a whole. */
static hookbox_error tells(const hookbox_input *in) {
  for (size_t i = 0; i < in->contexts_len; i++)
    hookbox_logf(HOOKBOX_INFO, "%zu %s", hookbox_context_snapshot_names(&in->contexts[i]).len, hookbox_context_json(&in->contexts[i]).text);
  return HOOKBOX_OK;
}

static const hookbox_hook telling = {.name = "tells", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = tells};

/* In cpp.cc. */
hookbox_error counts(const hookbox_input *in);
static const hookbox_hook counting = {.name = "counts", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = counts};

HOOKBOX_HOOKS(&all, &failing, &text, &asking, &picking, &giving_back, &looking_up, &leaving, &telling, &counting);

HOOKBOX_TEST(requests_are_sent_and_answered) {
  hookbox_test_http("https://a.example.com/x", 404, HOOKBOX_PAIRS({"content-type", "text/plain"}), "no");
  hookbox_error error = hookbox_test_run("asks");
  HOOKBOX_CHECK_TEXT(error->message, "nothing answers https://b.example.com/: give the host an answer (not-granted)");
  hookbox_test_effects asked = hookbox_test_asked();
  HOOKBOX_CHECK(asked.requests_len == 4);
  HOOKBOX_CHECK_TEXT(asked.requests[0].method, "GET");
  HOOKBOX_CHECK_TEXT(asked.requests[0].body, NULL);
  HOOKBOX_CHECK_TEXT(asked.requests[3].method, "POST");
  HOOKBOX_CHECK_TEXT(asked.requests[3].body, "{}");
  HOOKBOX_CHECK_JSON(asked.requests[3].headers, "{'accept': '*/*'}");
}

HOOKBOX_TEST(objects_have_the_fields_that_are_named) {
  hookbox_test_entry(
      "pods",
      hookbox_json_format("{'kind': 'Pod', 'metadata': {'uid': 'u', 'name': 'a'}, 'a/b': {'~': [1], 'x': 2},"
                          " 'spec': {'x': '}\"', 'containers': [{'image': 'i', 'env': [{}]}, {}, [{'image': {'y': 1}}], 7], 'kept': {'less': 1, 'more': [[]]}}}"),
      hookbox_json_format("{'whole': 1}"));
  hookbox_test_object("pods", hookbox_json_format("{'metadata': null, 'spec': 'none', 'other': 1}"));
  static const char blank[] = " { \"m\\u0065tadata\" : { \"name\" : 1.50 , \"n\": [ ] } , \"spec\" : [ ] } ";
  hookbox_test_object("pods", hookbox_json_parse(blank, strlen(blank)));
  hookbox_test_object("pods", hookbox_json_format("[]"));
  for (int i = 0; i < 300; i++) hookbox_test_filter_result("pods", hookbox_json_of("a"));
  HOOKBOX_CHECK_OK(hookbox_test_run("picks"));
  hookbox_test_effects asked = hookbox_test_asked();
  static const char *const left[] = {
      "{\"metadata\":{\"name\":\"a\"},\"a/b\":{\"~\":[1]},"
      "\"spec\":{\"containers\":[{\"image\":\"i\"},{},[{\"image\":{\"y\": 1}}],7],\"kept\":{\"less\": 1, \"more\": [[]]}}}",
      "{\"metadata\":null,\"spec\":\"none\"}", "{\"m\\u0065tadata\":{\"name\":1.50},\"spec\":[]}", "[]"};
  HOOKBOX_CHECK(asked.log_len == 4);
  for (size_t i = 0; i < 4; i++) HOOKBOX_CHECK_TEXT(hookbox_json_string_at(asked.log[i].fields, "/of"), left[i]);
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(asked.log[0].fields, "/result"), "{\"whole\": 1}");
}

HOOKBOX_TEST(a_configuration_is_the_document) {
  HOOKBOX_CHECK_JSON(
      hookbox_test_config("all"),
      "{'configVersion': 'v1', 'onStartup': -5,"
      " 'schedule': [{'name': 'nightly', 'crontab': '0 3 * * *', 'allowFailure': true, 'queue': 'q', 'group': 'g', 'includeSnapshotsFrom': ['pods', 'kubernetes', 'jq']},"
      "  {'crontab': '@hourly', 'includeSnapshotsFrom': ['pods']}],"
      " 'kubernetes': [{'name': 'pods', 'apiVersion': 'v1', 'kind': 'Pod', 'executeHookOnEvent': ['Added', 'Deleted'],"
      "   'executeHookOnSynchronization': false, 'waitForSynchronization': false, 'keepFullObjectsInMemory': false, 'metadataOnly': true,"
      "   'nameSelector': {'matchNames': ['a', 'b']},"
      "   'labelSelector': {'matchLabels': {'app': 'x'}, 'matchExpressions': [{'key': 'tier', 'operator': 'In', 'values': ['web']}, {'key': 'old', 'operator': 'DoesNotExist'}]},"
      "   'fieldSelector': {'matchExpressions': [{'field': 'status.phase', 'operator': 'NotEquals', 'value': 'Running'}]},"
      "   'namespace': {'nameSelector': {'matchNames': ['default']}}, 'allowFailure': true, 'queue': 'pods', 'includeSnapshotsFrom': ['pods']},"
      "  {'kind': 'ConfigMap', 'executeHookOnEvent': [], 'filter': true, 'namespace': {'labelSelector': {'matchLabels': {'team': 'a'}}}, 'includeSnapshotsFrom': ['pods', 'kubernetes', 'jq']},"
      "  {'name': 'jq', 'kind': 'Secret', 'jqFilter': '.metadata.name', 'group': 'g', 'includeSnapshotsFrom': ['pods', 'kubernetes', 'jq']}],"
      " 'kubernetesValidating': [{'name': 'a.example.com', 'rules': [{'apiGroups': [''], 'apiVersions': ['v1'], 'operations': ['CREATE', 'UPDATE'], 'resources': ['pods'], 'scope': 'Namespaced'}],"
      "   'failurePolicy': 'Ignore', 'sideEffects': 'NoneOnDryRun', 'timeoutSeconds': 5, 'labelSelector': {'matchLabels': {'app': 'x'}},"
      "   'namespace': {'labelSelector': {'matchLabels': {'team': 'a'}}}, 'matchConditions': [{'name': 'c', 'expression': 'true'}], 'group': 'g', 'includeSnapshotsFrom': ['pods', 'kubernetes', 'jq']}],"
      " 'kubernetesMutating': [{'name': 'b.example.com', 'includeSnapshotsFrom': ['pods']}],"
      " 'kubernetesCustomResourceConversion': [{'name': 'c', 'crdName': 'things.example.com', 'conversions': [{'fromVersion': 'v1', 'toVersion': 'v2'}], 'includeSnapshotsFrom': ['pods']}],"
      " 'settings': {'executionMinInterval': '10s', 'executionBurst': 1}, 'capabilities': {'wallClock': true}}");
  HOOKBOX_CHECK_TEXT(hookbox_test_config("text").text, "configVersion: v1\nonStartup: 1\n");
}

static hookbox_json named(const char *kind, const char *name) {
  return hookbox_json_format("{'apiVersion': 'v1', 'kind': %s, 'metadata': {'name': %s}}", kind, name);
}

HOOKBOX_TEST(a_run_asks_for_all_that_there_is) {
  hookbox_test_object("pods", named("Pod", "one"));
  for (int i = 0; i < 300; i++) hookbox_test_object("pods", named("Pod", "more"));
  hookbox_test_object("pods", named("Pod", "stop"));
  hookbox_test_object("pods", named("Pod", "behind"));
  hookbox_test_values(hookbox_json_format("{'web': {'replicas': 3}, 'old': 1, 'x.y': 5}"));
  for (int i = 0; i < 3; i++) hookbox_test_cluster(named("Node", hookbox_text("%c", 'a' + i)));
  hookbox_test_because((hookbox_test_context){.binding = "onStartup"});
  hookbox_test_because((hookbox_test_context){.binding = "pods", .kind = "Event", .watch_event = "Added", .object = named("Pod", "one")});
  hookbox_test_because((hookbox_test_context){.binding = "jq", .kind = "Group", .group = "g"});
  HOOKBOX_CHECK_OK(hookbox_test_run("all"));

  hookbox_test_effects asked = hookbox_test_asked();
  HOOKBOX_CHECK(asked.patches_len == 301 + 7);
  HOOKBOX_CHECK_TEXT(asked.patches[0].operation, "Delete");
  HOOKBOX_CHECK_TEXT(asked.patches[0].api_version, NULL);
  HOOKBOX_CHECK_TEXT(asked.patches[0].name, "one");
  HOOKBOX_CHECK_JSON(hookbox_test_created("ConfigMap", "default", "made"),
                     "{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'made', 'namespace': 'default'}, 'data': {'a': 'b'}}");
  HOOKBOX_CHECK(hookbox_json_there(hookbox_test_created("Namespace", NULL, "n")));
  const hookbox_test_patch *patches = asked.patches + 301;
  static const char *const operations[] = {"Create", "CreateIfNotExists", "DeleteInBackground", "DeleteNonCascading", "MergePatch", "JSONPatch", "JQPatch"};
  for (size_t i = 0; i < 7; i++) HOOKBOX_CHECK_TEXT(patches[i].operation, operations[i]);
  HOOKBOX_CHECK_TEXT(patches[4].api_version, "apps/v1");
  HOOKBOX_CHECK_JSON(patches[4].object, "{'spec': {'replicas': 3}}");
  HOOKBOX_CHECK_TEXT(patches[4].options.subresource, "scale");
  HOOKBOX_CHECK(patches[4].options.ignore_missing_object && !patches[4].options.ignore_hook_error);
  HOOKBOX_CHECK_TEXT(patches[6].filter, ".spec.replicas = 1");
  HOOKBOX_CHECK(patches[6].options.ignore_hook_error);
  HOOKBOX_CHECK_JSON(asked.values, "{'web': {'replicas': 3, 'seen': 302}, 'x.y': 5}");
  HOOKBOX_CHECK_JSON(asked.config_values, "{'enabled': true}");
  HOOKBOX_CHECK(asked.metrics_len == 4);
  HOOKBOX_CHECK_TEXT(asked.metrics[1].group, "g");
  HOOKBOX_CHECK_JSON(asked.metrics[1].labels, "{'ns': 'default'}");
  HOOKBOX_CHECK(asked.metrics[1].value == 302 && asked.metrics[2].buckets_len == 2 && asked.metrics[2].buckets[0] == 0.1);
  HOOKBOX_CHECK_TEXT(asked.metrics[3].action, "expire");
  HOOKBOX_CHECK(asked.log_len == 4);
  HOOKBOX_CHECK_TEXT(asked.log[0].message, "onStartup - - -");
  HOOKBOX_CHECK_TEXT(asked.log[1].message, "pods Event Added -");
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(asked.log[2].fields, "/name"), "one");
  HOOKBOX_CHECK_TEXT(asked.log[3].message, "jq Group - g");
}

HOOKBOX_TEST(an_error_says_whether_to_try_again_and_leaves_patches_of_the_status) {
  hookbox_test_values(hookbox_json_format("{'how': 'after'}"));
  hookbox_error error = hookbox_test_run("fails");
  HOOKBOX_CHECK_TEXT(error->message, "not yet");
  HOOKBOX_CHECK(error->retry == HOOKBOX_AFTER && error->after_ms == 1500);
  hookbox_test_effects asked = hookbox_test_asked();
  HOOKBOX_CHECK(asked.metrics_len == 0 && asked.patches_len == 2);
  HOOKBOX_CHECK_TEXT(asked.patches[0].options.subresource, "status");
  HOOKBOX_CHECK_TEXT(asked.patches[1].options.subresource, "/status");
  HOOKBOX_CHECK_JSON(asked.values, "{'how': 'after'}");
  hookbox_test_values(hookbox_json_format("{'how': 'never'}"));
  error = hookbox_test_run("fails");
  HOOKBOX_CHECK_TEXT(error->message, "in 3: no");
  HOOKBOX_CHECK(error->retry == HOOKBOX_NEVER);
  hookbox_test_values(hookbox_json_format("{'how': 'refused'}"));
  HOOKBOX_CHECK_FAILS(hookbox_test_run("fails"), "there is nothing at `/nothing` (no-such-path)");
  hookbox_test_values(hookbox_json_format("{'how': 'plain'}"));
  HOOKBOX_CHECK_FAILS(hookbox_test_run("fails"), "a\xEF\xBF\xBD");
  HOOKBOX_CHECK_FAILS(hookbox_test_run("none"), "the component has no hook `none`");
  HOOKBOX_CHECK_FAILS(hookbox_test_run("text"), "the hook has no function `run`");
}

HOOKBOX_TEST(webhooks_are_answered) {
  hookbox_test_answer answer;
  hookbox_json request = hookbox_json_format("{'operation': 'CREATE', 'name': 'a', 'namespace': 'n', 'dryRun': false, 'object': {'spec': {'x': 1}}, 'oldObject': null}");
  HOOKBOX_CHECK_OK(hookbox_test_validate("all", "a.example.com", request, &answer));
  HOOKBOX_CHECK(!answer.allowed && answer.warnings.len == 2);
  HOOKBOX_CHECK_TEXT(answer.message, "no CREATE in n");
  HOOKBOX_CHECK_TEXT(answer.warnings.items[1], "w2");
  HOOKBOX_CHECK_JSON(answer.audit, "{'k': 'v'}");
  HOOKBOX_CHECK(!hookbox_json_there(answer.patch));
  HOOKBOX_CHECK_OK(hookbox_test_validate("all", "a.example.com", hookbox_json_format("{'dryRun': true}"), &answer));
  HOOKBOX_CHECK(answer.allowed && !answer.message);
  HOOKBOX_CHECK_OK(hookbox_test_validate("all", "a.example.com", hookbox_json_format("{'name': 'silent'}"), &answer));
  HOOKBOX_CHECK(!answer.allowed);
  HOOKBOX_CHECK_FAILS(hookbox_test_validate("all", "a.example.com", hookbox_json_format("{'name': 'broken'}"), &answer), "it cannot be said");
  HOOKBOX_CHECK_FAILS(hookbox_test_validate("fails", "a.example.com", request, &answer), "the hook does not answer reviews of `a.example.com`");
  HOOKBOX_CHECK_OK(hookbox_test_mutate("all", "b.example.com", request, &answer));
  HOOKBOX_CHECK_JSON(answer.patch, "[{'op': 'add', 'path': '/spec/priority', 'value': 1}]");
  HOOKBOX_CHECK_OK(hookbox_test_mutate("all", "b.example.com", hookbox_json_format("{'object': {'spec': {'priority': 1}}}"), &answer));
  HOOKBOX_CHECK(answer.allowed && !hookbox_json_there(answer.patch));
}

HOOKBOX_TEST(objects_are_converted_and_filtered) {
  hookbox_json into;
  HOOKBOX_CHECK_OK(hookbox_test_convert("all", "c", "v1", "v2", named("Thing", "a"), &into));
  HOOKBOX_CHECK_JSON(into, "{'apiVersion': 'example.com/v2', 'kind': 'Thing', 'metadata': {'name': 'a'}}");
  HOOKBOX_CHECK_FAILS(hookbox_test_convert("all", "c", "v1", "v9", named("Thing", "a"), &into), "a: there is no v9");
  HOOKBOX_CHECK_OK(hookbox_test_filter("all", "kubernetes", named("ConfigMap", "a"), &into));
  HOOKBOX_CHECK_JSON(into, "{'name': 'a'}");
  HOOKBOX_CHECK_FAILS(hookbox_test_filter("all", "kubernetes", hookbox_json_format("{}"), &into), "it has no name");
  hookbox_error broken = hookbox_test_filter("all", "kubernetes", named("ConfigMap", "broken"), &into);
  HOOKBOX_CHECK(broken && strncmp(broken->message, "the host does not take the answer: ", 35) == 0);
  HOOKBOX_CHECK_FAILS(hookbox_test_filter("all", "pods", hookbox_json_format("{}"), &into), "the binding `pods` has no filter");
}

HOOKBOX_TEST(effects_stay_when_memory_is_given_back) {
  hookbox_marked mark = hookbox_mark();
  hookbox_test_values(hookbox_json_format("{'old0': %s, 'old1': 1, 'old2': 2}", "a"));
  for (int i = 0; i < 3; i++) hookbox_test_http(hookbox_text("http://a/%d", i), 200, HOOKBOX_PAIRS({hookbox_text("h%d", i), "v"}), hookbox_text("%d", i));
  hookbox_release(mark);
  memset(hookbox_alloc(100000), 'x', 100000);
  HOOKBOX_CHECK_OK(hookbox_test_run("gives back"));
  hookbox_test_effects asked = hookbox_test_asked();
  HOOKBOX_CHECK_JSON(asked.values, "{'n0': {'n0': 0}, 'n1': {'n1': 1}, 'n2': {'n2': 2}}");
  HOOKBOX_CHECK_JSON(asked.config_values, "{'n0': {'n0': 0}, 'n1': {'n1': 1}, 'n2': {'n2': 2}}");
  HOOKBOX_CHECK(asked.patches_len == 12 && asked.metrics_len == 3 && asked.requests_len == 3 && asked.log_len == 3);
  for (int i = 0; i < 3; i++) {
    const hookbox_test_patch *patches = asked.patches + 4 * i;
    const char *name = hookbox_text("n%d", i);
    hookbox_json pairs = hookbox_json_format("{%s: 'v%d'}", name, i);
    HOOKBOX_CHECK_TEXT(patches[0].name, name);
    HOOKBOX_CHECK(hookbox_json_equal(hookbox_json_at(patches[0].object, "/data"), pairs));
    for (int at = 1; at < 4; at++) {
      HOOKBOX_CHECK_TEXT(patches[at].api_version, hookbox_text("v%d", i));
      HOOKBOX_CHECK_TEXT(patches[at].kind, hookbox_text("K%d", i));
      HOOKBOX_CHECK_TEXT(patches[at].ns, hookbox_text("ns%d", i));
      HOOKBOX_CHECK_TEXT(patches[at].name, name);
    }
    HOOKBOX_CHECK(hookbox_json_equal(patches[2].object, hookbox_json_format("{%s: %d}", name, i)));
    HOOKBOX_CHECK_TEXT(patches[2].options.subresource, hookbox_text("s%d", i));
    HOOKBOX_CHECK_TEXT(patches[3].filter, hookbox_text(".a = %d", i));
    HOOKBOX_CHECK_TEXT(asked.metrics[i].name, hookbox_text("m%d", i));
    HOOKBOX_CHECK_TEXT(asked.metrics[i].group, hookbox_text("g%d", i));
    HOOKBOX_CHECK(asked.metrics[i].buckets_len == 2 && asked.metrics[i].buckets[1] == i + 1);
    HOOKBOX_CHECK(hookbox_json_equal(asked.metrics[i].labels, pairs));
    HOOKBOX_CHECK_TEXT(asked.requests[i].url, hookbox_text("http://a/%d", i));
    HOOKBOX_CHECK_TEXT(asked.requests[i].body, name);
    HOOKBOX_CHECK(hookbox_json_equal(asked.requests[i].headers, pairs));
    HOOKBOX_CHECK_TEXT(asked.log[i].message, hookbox_text("l%d", i));
    HOOKBOX_CHECK(hookbox_json_equal(asked.log[i].fields, pairs));
  }
}

HOOKBOX_TEST(objects_of_a_context_are_opened_once) {
  hookbox_test_object("pods", named("Pod", "one"));
  for (int i = 0; i < 2; i++) hookbox_test_object("nodes", named("Node", "one"));
  hookbox_test_because((hookbox_test_context){.binding = "pods", .kind = "Synchronization"});
  hookbox_test_because((hookbox_test_context){.binding = "nodes", .kind = "Synchronization"});
  hookbox_test_because((hookbox_test_context){.binding = "other", .kind = "Schedule"});
  HOOKBOX_CHECK_OK(hookbox_test_run("looks up"));
  HOOKBOX_CHECK_JSON(hookbox_test_asked().values, "{'seen': 15000}");
}

static void check_left(bool something) {
  hookbox_test_effects asked = hookbox_test_asked();
  HOOKBOX_CHECK(asked.log_len == 1 && asked.patches_len == something && asked.metrics_len == something);
  HOOKBOX_CHECK(hookbox_json_there(hookbox_test_created("ConfigMap", "default", "left")) == something);
  HOOKBOX_CHECK(hookbox_json_len(asked.values) == something && hookbox_json_len(asked.config_values) == something);
  hookbox_test_values(hookbox_json_format("{}"));
  hookbox_test_config_values(hookbox_json_format("{}"));
}

HOOKBOX_TEST(a_call_that_failed_leaves_nothing) {
  hookbox_test_answer answer;
  hookbox_json into, other = hookbox_json_format("{'metadata': {}}");
  HOOKBOX_CHECK_OK(hookbox_test_validate("leaves", "a.example.com", hookbox_json_format("{}"), &answer));
  check_left(true);
  HOOKBOX_CHECK_FAILS(hookbox_test_validate("leaves", "a.example.com", hookbox_json_format("{'name': 'a'}"), &answer), "no");
  check_left(false);
  HOOKBOX_CHECK_FAILS(hookbox_test_mutate("leaves", "a.example.com", hookbox_json_format("{'name': 'a'}"), &answer), "no");
  check_left(false);
  /* What the host does not take has failed, too. */
  HOOKBOX_CHECK(hookbox_test_validate("leaves", "a.example.com", hookbox_json_format("{'name': 'bad'}"), &answer));
  check_left(false);
  HOOKBOX_CHECK_FAILS(hookbox_test_convert("leaves", "c", "v1", "v2", named("Thing", "a"), &into), "a: no");
  check_left(false);
  HOOKBOX_CHECK(hookbox_test_convert("leaves", "c", "v1", "v2", other, &into) == HOOKBOX_OK);
  check_left(true);
}

HOOKBOX_TEST(a_context_is_told_as_a_whole) {
  hookbox_json a = hookbox_json_format("{'kind':'Pod'}"), result = hookbox_json_of("a");
  hookbox_test_entry("pods", a, result);
  hookbox_test_object("pods", a);
  hookbox_test_snapshot("nodes");
  hookbox_test_because((hookbox_test_context){.binding = "onStartup"});
  hookbox_test_because((hookbox_test_context){.binding = "pods", .kind = "Event", .watch_event = "Added", .object = a, .filter_result = result});
  hookbox_test_because((hookbox_test_context){.binding = "pods", .kind = "Synchronization"});
  hookbox_test_because((hookbox_test_context){.binding = "g", .kind = "Group", .group = "g"});
  HOOKBOX_CHECK_OK(hookbox_test_run("tells"));
  const hookbox_test_record *log = hookbox_test_asked().log;
  const char *snapshots = "\"snapshots\":{\"nodes\":[],\"pods\":[{\"filterResult\":\"a\",\"object\":{\"kind\":\"Pod\"}},{\"object\":{\"kind\":\"Pod\"}}]}";
  HOOKBOX_CHECK_TEXT(log[0].message, "0 {\"binding\":\"onStartup\"}");
  HOOKBOX_CHECK_TEXT(log[1].message, hookbox_text("2 {\"binding\":\"pods\",\"filterResult\":\"a\",\"object\":{\"kind\":\"Pod\"},%s,\"type\":\"Event\",\"watchEvent\":\"Added\"}", snapshots));
  HOOKBOX_CHECK_TEXT(log[2].message, hookbox_text("2 {\"binding\":\"pods\",\"objects\":[{\"filterResult\":\"a\",\"object\":{\"kind\":\"Pod\"}},{\"object\":{\"kind\":\"Pod\"}}],"
                                                  "%s,\"type\":\"Synchronization\"}", snapshots));
  HOOKBOX_CHECK_TEXT(log[3].message, hookbox_text("2 {\"binding\":\"g\",\"groupName\":\"g\",%s,\"type\":\"Group\"}", snapshots));
}
