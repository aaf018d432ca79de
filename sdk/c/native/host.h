/* What the parts of the host for tests share. */
#ifndef HOOKBOX_HOST_H
#define HOOKBOX_HOST_H

#include "../src/internal.h"
#include "hookbox_test.h"

/* The objects of a binding. */
struct snapshot {
  const char *binding;
  hookbox_entry *entries;
  size_t len;
};

/* What is answered to requests for a URL. */
struct answer {
  const char *url;
  unsigned status;
  const hookbox_pair *headers;
  const char *body;
};

/* One of all that there is in a test. */
struct host {
  struct snapshot *snapshots;
  size_t snapshots_len;
  hookbox_json *objects;
  size_t objects_len;
  struct answer *answers;
  size_t answers_len;
  hookbox_test_context *contexts;
  size_t contexts_len;
  hookbox_test_patch *patches;
  hookbox_test_metric *metrics;
  hookbox_test_record *log;
  hookbox_test_request *requests;
  hookbox_test_effects asked;
  hookbox_json values;
  hookbox_json config_values;
  /* As they were before the call. */
  hookbox_json values_before;
  hookbox_json config_values_before;
  /* Resources that the hook holds. */
  size_t held;
};
extern struct host hbx_host;

/* Begins a test. */
void hbx_host_reset(void);
/* Memory until the test is over. It is not of the arena, of which a hook may give a part back. */
void *hbx_stored(size_t size);
/* Copies in such memory, with a NUL behind them; NULL and none stay so. */
const char *hbx_store(const char *text);
const char *hbx_store_bytes(const uint8_t *bytes, size_t len);
hookbox_json hbx_store_json(hookbox_json value);
/* Room for one more element of a list, in such memory. */
void *hbx_more(void *list, size_t len, size_t size);
/* That of a binding; an empty one where there was none. */
struct snapshot *hbx_snapshot(const char *binding);
/* A copy, of which the hook may do what it likes. */
hbx_string hbx_give(const char *text);
hbx_string hbx_give_json(hookbox_json value);
/* Refuses a call. */
bool hbx_refuse(hookbox_hook_types_refusal_t *refusal, const char *code, const char *message);

/* ---- fields.c ---- */

/* Fields of objects that a hook names. */
typedef struct hbx_fields hbx_fields;
/* Those with these names; NULL when the host refuses them. */
const hbx_fields *hbx_named(const hookbox_bindings_list_string_t *names, bool ignore_case, hookbox_hook_types_refusal_t *err);
/* An object with nothing but the fields. */
hookbox_json hbx_cut(hookbox_json object, const hbx_fields *fields, bool ignore_case);

/* ---- valid.c: what the real host refuses. Each says why in `err` and is false when it does. ---- */

/* JSON as the host reads it. */
bool hbx_read(hbx_string text, hookbox_json *into, hookbox_hook_types_refusal_t *err);
/* How deeply arrays and objects are nested; 0 for anything else. */
size_t hbx_depth(hookbox_json value);
/* The parts of a JSON Pointer; SIZE_MAX when it is none. */
size_t hbx_steps(hbx_string pointer);
bool hbx_valid_manifest(hookbox_json object, bool always_new, hookbox_hook_types_refusal_t *err);
bool hbx_valid_ref(const hookbox_hook_object_patches_object_ref_t *object, hookbox_hook_types_refusal_t *err);
bool hbx_valid_options(const hookbox_hook_object_patches_patch_options_t *options, hookbox_hook_types_refusal_t *err);
bool hbx_valid_json_patch(hookbox_json patch, hookbox_hook_types_refusal_t *err);
bool hbx_valid_filter(hbx_string filter, hookbox_hook_types_refusal_t *err);
/* `name`, `buckets`, `labels` and `group` are NULL where there are none. */
bool hbx_valid_metric(const char *action, const hbx_string *name, double value, const hookbox_bindings_list_f64_t *buckets, const hookbox_hook_metrics_list_label_t *labels, const hbx_string *group, hookbox_hook_types_refusal_t *err);
bool hbx_valid_read(hbx_string version, hbx_string kind, const hbx_string *inside, hookbox_hook_types_refusal_t *err);
bool hbx_valid_name(hbx_string name, hookbox_hook_types_refusal_t *err);
bool hbx_valid_selection(const hookbox_hook_cluster_selection_t *which, hookbox_hook_types_refusal_t *err);
bool hbx_valid_request(const hookbox_hook_http_request_t *request, hookbox_hook_types_refusal_t *err);
bool hbx_valid_answer(const exports_hookbox_hook_admission_response_t *answer, bool mutates, hookbox_hook_types_refusal_t *err);
bool hbx_valid_converted(const exports_hookbox_hook_conversion_list_json_t *objects, size_t given, hookbox_hook_types_refusal_t *err);

#endif
