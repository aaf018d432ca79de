/* The table of tests/hosts, which the sandbox and the hosts of all SDKs play. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../native/host.h"

typedef hookbox_hook_types_refusal_t refusal;

/* What came of a call. */
typedef struct {
  /* The code of a refusal; NULL when there was none. */
  const char *refused;
  hookbox_json answer;
  bool none;
} outcome;

static const outcome DONE = {0};

static hookbox_json at(hookbox_json value, const char *key) { return hookbox_json_at(value, hookbox_text("/%s", key)); }

/* A text: as it is, or pieces and how often each is there. */
static hbx_string text(hookbox_json value) {
  size_t len = 0;
  if (hookbox_json_kind_of(value) != HOOKBOX_JSON_ARRAY) {
    const char *plain = hookbox_json_string_n(value, &len);
    return (hbx_string){(uint8_t *)(plain ? plain : ""), len};
  }
  HOOKBOX_JSON_EACH(piece, value) {
    size_t size;
    hookbox_json_string_n(hookbox_json_at(piece.value, "/0"), &size);
    len += size * (size_t)hookbox_json_int_at(piece.value, "/1", 0);
  }
  char *whole = hookbox_alloc(len + 1), *to = whole;
  HOOKBOX_JSON_EACH(piece, value) {
    size_t size;
    const char *part = hookbox_json_string_n(hookbox_json_at(piece.value, "/0"), &size);
    for (int64_t i = hookbox_json_int_at(piece.value, "/1", 0); i > 0; i--, to += size) memcpy(to, part, size);
  }
  return (hbx_string){(uint8_t *)whole, len};
}

static hookbox_bindings_option_string_t maybe(hookbox_json value) {
  hookbox_json_kind kind = hookbox_json_kind_of(value);
  if (kind == HOOKBOX_JSON_NONE || kind == HOOKBOX_JSON_NULL) return (hookbox_bindings_option_string_t){0};
  return (hookbox_bindings_option_string_t){true, text(value)};
}

static double number(hookbox_json value) {
  double found = 0;
  const char *word = hookbox_json_string(value);
  if (word) return strtod(word, NULL);
  hookbox_json_double(value, &found);
  return found;
}

static hookbox_hook_metrics_list_label_t pairs(hookbox_json value) {
  hookbox_hook_metrics_list_label_t all = {hookbox_alloc((hookbox_json_len(value) + 1) * sizeof *all.ptr), 0};
  HOOKBOX_JSON_EACH(pair, value)
  all.ptr[all.len++] = (hookbox_hook_metrics_label_t){text(hookbox_json_at(pair.value, "/0")), text(hookbox_json_at(pair.value, "/1"))};
  return all;
}

static hookbox_bindings_list_string_t texts(hookbox_json value) {
  hookbox_bindings_list_string_t all = {hookbox_alloc((hookbox_json_len(value) + 1) * sizeof *all.ptr), 0};
  HOOKBOX_JSON_EACH(one, value) all.ptr[all.len++] = text(one.value);
  return all;
}

static size_t place(hookbox_json call, const char *key, const char *const *words) {
  const char *word = hookbox_json_string(at(call, key));
  size_t index = 0;
  while (words[index] && (!word || strcmp(words[index], word) != 0)) index++;
  return index;
}

static outcome refused(refusal why) { return (outcome){.refused = hookbox_copy((char *)why.code.ptr, why.code.len)}; }

static outcome done(bool went, refusal why) { return went ? DONE : refused(why); }

static outcome found(bool went, hookbox_bindings_option_string_t part, refusal why) {
  if (!went) return refused(why);
  if (!part.is_some) return (outcome){.none = true};
  return (outcome){.answer = {(char *)part.val.ptr, part.val.len}};
}

static outcome truth(bool went, bool there, refusal why) {
  return went ? (outcome){.answer = hookbox_json_format("%b", there)} : refused(why);
}

static outcome on_values(const char *name, hookbox_json call) {
  hbx_string path = text(at(call, "path")), value = text(at(call, "value"));
  bool config = name[0] == 'c', there;
  const char *what = strchr(name, '.') + 1;
  hookbox_bindings_option_string_t part;
  refusal why;
  if (strcmp(what, "get") == 0) {
    bool went = config ? hookbox_hook_config_values_get(&path, (void *)&part, &why) : hookbox_hook_values_get(&path, (void *)&part, &why);
    return found(went, part, why);
  }
  if (strcmp(what, "exists") == 0) {
    bool went = config ? hookbox_hook_config_values_exists(&path, &there, &why) : hookbox_hook_values_exists(&path, &there, &why);
    return truth(went, there, why);
  }
  if (strcmp(what, "set") == 0)
    return done(config ? hookbox_hook_config_values_set(&path, &value, &why) : hookbox_hook_values_set(&path, &value, &why), why);
  return done(config ? hookbox_hook_config_values_remove(&path, &why) : hookbox_hook_values_remove(&path, &why), why);
}

static void write_entry(hookbox_writer *w, hookbox_hook_snapshots_entry_t entry) {
  hookbox_write_object(w);
  if (entry.object.is_some) {
    hookbox_write_key(w, "object");
    hookbox_write_json(w, (hookbox_json){(char *)entry.object.val.ptr, entry.object.val.len});
  }
  if (entry.filter_result.is_some) {
    hookbox_write_key(w, "filterResult");
    hookbox_write_json(w, (hookbox_json){(char *)entry.filter_result.val.ptr, entry.filter_result.val.len});
  }
  hookbox_write_end(w);
}

static outcome on_snapshots(const char *what, hookbox_json call) {
  refusal why = {0};
  if (strcmp(what, "names") == 0) {
    hookbox_bindings_list_string_t names;
    hookbox_hook_snapshots_names(&names);
    hookbox_writer *w = hookbox_write();
    hookbox_write_array(w);
    for (size_t i = 0; i < names.len; i++) hookbox_write_string_n(w, (char *)names.ptr[i].ptr, names.ptr[i].len);
    hookbox_write_end(w);
    return (outcome){.answer = hookbox_written(w)};
  }
  hbx_string binding = text(at(call, "binding"));
  hookbox_hook_snapshots_own_snapshot_t own;
  bool there = hookbox_hook_snapshots_open(&binding, &own);
  if (strcmp(what, "open") == 0) return truth(true, there, why);
  HOOKBOX_CHECK(there);
  hookbox_hook_snapshots_borrow_snapshot_t snapshot = hookbox_hook_snapshots_borrow_snapshot(own);
  uint32_t index = (uint32_t)number(at(call, "index"));
  if (strcmp(what, "len") == 0)
    return (outcome){.answer = hookbox_json_format("%u", hookbox_hook_snapshots_method_snapshot_len(snapshot))};
  if (strcmp(what, "range") == 0) {
    hookbox_hook_snapshots_list_entry_t entries;
    hookbox_hook_snapshots_method_snapshot_range(snapshot, (uint32_t)number(at(call, "start")), (uint32_t)number(at(call, "count")), &entries);
    return (outcome){.answer = hookbox_json_format("%zu", entries.len)};
  }
  if (strcmp(what, "select") == 0) {
    hookbox_bindings_list_string_t once = texts(at(call, "fields"));
    size_t times = (size_t)hookbox_json_int_at(call, "/times", 1);
    hookbox_bindings_list_string_t fields = {hookbox_alloc((once.len * times + 1) * sizeof *fields.ptr), once.len * times};
    for (size_t i = 0; i < fields.len; i++) fields.ptr[i] = once.ptr[i % once.len];
    bool ignore_case = false;
    hookbox_json_bool(at(call, "ignoreCase"), &ignore_case);
    hookbox_hook_snapshots_list_entry_t entries;
    if (!hookbox_hook_snapshots_method_snapshot_select(snapshot, (uint32_t)number(at(call, "start")), (uint32_t)number(at(call, "count")), &fields, ignore_case, &entries, &why))
      return done(false, why);
    hookbox_writer *w = hookbox_write();
    hookbox_write_array(w);
    for (size_t i = 0; i < entries.len; i++) write_entry(w, entries.ptr[i]);
    hookbox_write_end(w);
    return (outcome){.answer = hookbox_written(w)};
  }
  if (strcmp(what, "pointer") == 0) {
    bool whole = strcmp(hookbox_json_string(at(call, "part")), "object") == 0;
    hbx_string pointer = text(at(call, "pointer"));
    hookbox_bindings_option_string_t part;
    bool went = hookbox_hook_snapshots_method_snapshot_pointer(
        snapshot, index, whole ? HOOKBOX_HOOK_SNAPSHOTS_PART_OBJECT : HOOKBOX_HOOK_SNAPSHOTS_PART_FILTER_RESULT, &pointer, (void *)&part, &why);
    return found(went, part, why);
  }
  hookbox_hook_snapshots_entry_t entry;
  if (!hookbox_hook_snapshots_method_snapshot_get(snapshot, index, &entry)) return (outcome){.none = true};
  hookbox_writer *w = hookbox_write();
  write_entry(w, entry);
  return (outcome){.answer = hookbox_written(w)};
}

static outcome on_patches(const char *what, hookbox_json call) {
  static const char *const modes[] = {"fail-if-exists", "keep-existing", "replace-existing", NULL};
  static const char *const ways[] = {"foreground", "background", "orphan", NULL};
  refusal why;
  if (strcmp(what, "create") == 0) {
    hbx_string object = text(at(call, "object"));
    return done(hookbox_hook_object_patches_create(&object, (hookbox_hook_object_patches_create_mode_t)place(call, "mode", modes), &why), why);
  }
  hookbox_json to = at(call, "ref"), how = at(call, "options");
  hookbox_hook_object_patches_object_ref_t ref = {
      .api_version = maybe(at(to, "apiVersion")),
      .kind = text(at(to, "kind")),
      .namespace_ = maybe(at(to, "namespace")),
      .name = text(at(to, "name")),
  };
  if (strcmp(what, "delete") == 0)
    return done(hookbox_hook_object_patches_delete(&ref, (hookbox_hook_object_patches_propagation_t)place(call, "propagation", ways), &why), why);
  hookbox_hook_object_patches_patch_options_t options = {
      .subresource = maybe(at(how, "subresource")),
      .ignore_missing_object = hookbox_json_bool_at(how, "/ignoreMissingObject", false),
      .ignore_hook_error = hookbox_json_bool_at(how, "/ignoreHookError", false),
  };
  hbx_string patch = text(at(call, strcmp(what, "jq") == 0 ? "filter" : "patch"));
  bool went = strcmp(what, "merge") == 0  ? hookbox_hook_object_patches_merge_patch(&ref, &patch, &options, &why)
              : strcmp(what, "json") == 0 ? hookbox_hook_object_patches_json_patch(&ref, &patch, &options, &why)
                                          : hookbox_hook_object_patches_jq_patch(&ref, &patch, &options, &why);
  return done(went, why);
}

static outcome on_metrics(const char *what, hookbox_json call) {
  refusal why;
  hookbox_bindings_option_string_t of = maybe(at(call, "group"));
  hbx_string name = text(at(call, "name")), *group = of.is_some ? &of.val : NULL;
  double value = number(at(call, "value"));
  hookbox_hook_metrics_list_label_t labels = pairs(at(call, "labels"));
  if (strcmp(what, "expire") == 0) return done(hookbox_hook_metrics_expire(group, &why), why);
  if (strcmp(what, "add") == 0) return done(hookbox_hook_metrics_add(&name, value, &labels, group, &why), why);
  if (strcmp(what, "set") == 0) return done(hookbox_hook_metrics_set(&name, value, &labels, group, &why), why);
  hookbox_json bounds = at(call, "buckets");
  hookbox_bindings_list_f64_t buckets = {hookbox_alloc((hookbox_json_len(bounds) + 1) * sizeof(double)), 0};
  HOOKBOX_JSON_EACH(bound, bounds) buckets.ptr[buckets.len++] = number(bound.value);
  return done(hookbox_hook_metrics_observe(&name, value, &buckets, &labels, group, &why), why);
}

static outcome on_cluster(const char *what, hookbox_json call) {
  refusal why;
  hbx_string version = text(at(call, "apiVersion")), kind = text(at(call, "kind")), name = text(at(call, "name"));
  hookbox_bindings_option_string_t inside = maybe(at(call, "namespace"));
  if (strcmp(what, "get") == 0) {
    hookbox_bindings_option_string_t object;
    bool went = hookbox_hook_cluster_get(&version, &kind, inside.is_some ? &inside.val : NULL, &name, (void *)&object, &why);
    return found(went, object, why);
  }
  hookbox_hook_cluster_selection_t which = {
      .namespace_ = inside,
      .label_selector = maybe(at(call, "labelSelector")),
      .field_selector = maybe(at(call, "fieldSelector")),
      .limit = {at(call, "limit").text != NULL, (uint32_t)number(at(call, "limit"))},
      .after = maybe(at(call, "after")),
  };
  hookbox_hook_cluster_page_t page;
  if (!hookbox_hook_cluster_list(&version, &kind, &which, &page, &why)) return refused(why);
  hookbox_writer *w = hookbox_write();
  hookbox_write_array(w);
  for (size_t i = 0; i < page.objects.len; i++)
    hookbox_write_json(w, hookbox_json_at((hookbox_json){(char *)page.objects.ptr[i].ptr, page.objects.ptr[i].len}, "/metadata/name"));
  hookbox_write_end(w);
  return (outcome){.answer = hookbox_written(w)};
}

static outcome play(hookbox_json call) {
  const char *name = hookbox_json_string(at(call, "call"));
  const char *dot = strchr(name, '.'), *what = dot ? dot + 1 : "";
  refusal why;
  if (strncmp(name, "values.", 7) == 0 || strncmp(name, "configValues.", 13) == 0) return on_values(name, call);
  if (strncmp(name, "snapshots.", 10) == 0) return on_snapshots(what, call);
  if (strncmp(name, "patches.", 8) == 0) return on_patches(what, call);
  if (strncmp(name, "metrics.", 8) == 0) return on_metrics(what, call);
  if (strncmp(name, "cluster.", 8) == 0) return on_cluster(what, call);
  if (strcmp(name, "contexts.objectPointer") == 0) {
    hbx_string pointer = text(at(call, "pointer"));
    hookbox_bindings_option_string_t part;
    bool went = hookbox_hook_contexts_method_binding_context_object_pointer((hookbox_hook_contexts_borrow_binding_context_t){1}, &pointer, (void *)&part, &why);
    return found(went, part, why);
  }
  if (strcmp(name, "http.send") == 0) {
    hookbox_hook_metrics_list_label_t headers = pairs(at(call, "headers"));
    hookbox_hook_http_request_t request = {.method = text(at(call, "method")), .url = text(at(call, "url")), .headers = {(void *)headers.ptr, headers.len}};
    hookbox_hook_http_response_t response;
    return done(hookbox_hook_http_send(&request, &response, &why), why);
  }
  if (strcmp(name, "admission") == 0) {
    hookbox_hook_metrics_list_label_t audit = pairs(at(call, "audit"));
    hookbox_bindings_option_string_t patch = maybe(at(call, "patch"));
    exports_hookbox_hook_admission_response_t answer = {.allowed = true, .warnings = texts(at(call, "warnings"))};
    answer.audit_annotations.ptr = (void *)audit.ptr;
    answer.audit_annotations.len = audit.len;
    answer.patch.is_some = patch.is_some;
    answer.patch.val = patch.val;
    return done(hbx_valid_answer(&answer, hookbox_json_bool_at(call, "/mutates", false), &why), why);
  }
  HOOKBOX_CHECK_TEXT(name, "conversion");
  hookbox_bindings_list_string_t objects = texts(at(call, "objects"));
  exports_hookbox_hook_conversion_list_json_t made = {objects.ptr, objects.len};
  return done(hbx_valid_converted(&made, (size_t)number(at(call, "given")), &why), why);
}

static void prepare(hookbox_json world) {
  hbx_host_reset();
  hookbox_test_values(at(world, "values"));
  hookbox_test_config_values(at(world, "configValues"));
  HOOKBOX_JSON_EACH(binding, at(world, "snapshots"))
  HOOKBOX_JSON_EACH(entry, binding.value)
  hookbox_test_entry(binding.key, at(entry.value, "object"), at(entry.value, "filterResult"));
  HOOKBOX_JSON_EACH(object, at(world, "cluster")) hookbox_test_cluster(object.value);
  hookbox_json context = at(world, "context");
  hookbox_test_because((hookbox_test_context){.binding = "pods", .kind = "Event", .watch_event = "Added", .object = at(context, "object")});
}

/* All of a file. */
static hookbox_json file(const char *name) {
  FILE *stream = fopen(name, "rb");
  hookbox_check(stream, __FILE__, __LINE__, "there is no %s: run the tests in sdk/c of hookbox's repository", name);
  static char whole[1 << 20];
  size_t len = fread(whole, 1, sizeof whole, stream);
  fclose(stream);
  HOOKBOX_CHECK(len < sizeof whole);
  hookbox_json table = hookbox_json_parse(whole, len);
  HOOKBOX_CHECK(hookbox_json_there(table));
  return table;
}

static bool as_expected(hookbox_json call, outcome came) {
  const char *code = hookbox_json_string(at(call, "refused"));
  hookbox_json answer = at(call, "answer");
  if ((code != NULL) != (came.refused != NULL) || (code && strcmp(code, came.refused) != 0)) return false;
  return hookbox_json_bool_at(call, "/none", false) == came.none && hookbox_json_equal(answer, came.answer);
}

HOOKBOX_TEST(the_host_answers_as_the_table_says) {
  hookbox_json table = file("../../tests/hosts/cases.json");
  size_t played = 0, wrong = 0;
  HOOKBOX_JSON_EACH(one, hookbox_json_at(table, "/cases")) {
    prepare(at(table, "world"));
    HOOKBOX_JSON_EACH(call, at(one.value, "calls")) {
      outcome came = play(call.value);
      played++;
      if (as_expected(call.value, came)) continue;
      wrong++;
      fprintf(stderr, "%.*s\n  came to %s%s%s\n", call.value.len > 400 ? 400 : (int)call.value.len, call.value.text, came.refused ? came.refused : "",
              came.none ? "none" : "", came.answer.text ? came.answer.text : "");
    }
  }
  HOOKBOX_CHECK(wrong == 0);
  HOOKBOX_CHECK(played > 500);
}

HOOKBOX_TEST(a_test_does_not_see_what_another_opened) {
  hookbox_test_snapshot("pods");
  HOOKBOX_CHECK(hookbox_snapshot_of("pods").there);
  hbx_host_reset();
  HOOKBOX_CHECK(!hookbox_snapshot_of("pods").there);
}
