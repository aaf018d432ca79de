/**
 * @file
 * Runs hooks in tests: as native code, without a cluster and without WebAssembly.
 *
 *     #include <hookbox_test.h>
 *
 *     HOOKBOX_TEST(everybody_is_greeted) {
 *         hookbox_test_filter_result("names", hookbox_json_of("Ada"));
 *         HOOKBOX_CHECK_OK(hookbox_test_run("greet"));
 *         hookbox_json made = hookbox_test_created("ConfigMap", "default", "greetings");
 *         HOOKBOX_CHECK_TEXT(hookbox_json_string_at(made, "/data/text"), "Hello, Ada!");
 *     }
 *
 * Compile it with the hooks and with the sources in `src` and `native`, which have `main`: it runs all tests, or those whose
 * names are its arguments, and fails if one of them does. Each test begins with a host on which nothing is there. What the
 * functions of hookbox return lives until the test is over.
 */
#ifndef HOOKBOX_TEST_H
#define HOOKBOX_TEST_H

#include "hookbox.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What there is before a run ------------------------------------------------------------------------------------*/

/** One more object in the snapshot of a binding. */
void hookbox_test_object(const char *binding, hookbox_json object);
/** One more result of the filter of a binding. */
void hookbox_test_filter_result(const char *binding, hookbox_json result);
/** One more entry with both; either may be none. */
void hookbox_test_entry(const char *binding, hookbox_json object, hookbox_json filter_result);
/** An empty snapshot. */
void hookbox_test_snapshot(const char *binding);
/** Values of the module; `{}` when left out. */
void hookbox_test_values(hookbox_json values);
/** Config values; `{}` when left out. */
void hookbox_test_config_values(hookbox_json values);
/** An object that hookbox_cluster_get and hookbox_cluster_list find. */
void hookbox_test_cluster(hookbox_json object);

/** The answer to requests for a URL; `headers` may be NULL. Others are refused as `not-granted`. */
void hookbox_test_http(const char *url, unsigned status, const hookbox_pair *headers, const char *body);

/** One reason for the next run. */
typedef struct hookbox_test_context {
  /** Name of the binding. */
  const char *binding;
  /** Schedule, Synchronization, Event or Group; left out for onStartup. */
  const char *kind;
  /** For the kind Group. */
  const char *group;
  /** Added, Modified or Deleted, for the kind Event. */
  const char *watch_event;
  /** What the event is about. */
  hookbox_json object;
  /** What the filter made of it. */
  hookbox_json filter_result;
} hookbox_test_context;
/** Give one more reason for the next run. */
void hookbox_test_because(hookbox_test_context context);

/* ---- Calls ---------------------------------------------------------------------------------------------------------
 * Each gives NULL, or why the hook failed. */

/** Run a hook: for the reasons that were given since the last run; without any, for onStartup. */
hookbox_error hookbox_test_run(const char *hook) HOOKBOX_MUST_USE;

/** What a webhook answers. */
typedef struct hookbox_test_answer {
  /** Whether the request may go on. */
  bool allowed;
  /** NULL when there is none. */
  const char *message;
  /** For whoever made the request. */
  hookbox_strings warnings;
  /** An object of strings. */
  hookbox_json audit;
  /** A JSON Patch; none when there is none. */
  hookbox_json patch;
} hookbox_test_answer;

/** Ask a hook about a request: the `request` of an AdmissionReview. */
hookbox_error hookbox_test_validate(const char *hook, const char *binding, hookbox_json request, hookbox_test_answer *answer) HOOKBOX_MUST_USE;
/** The same, of a hook that may change the object. */
hookbox_error hookbox_test_mutate(const char *hook, const char *binding, hookbox_json request, hookbox_test_answer *answer) HOOKBOX_MUST_USE;
/** Have a hook convert one object. */
hookbox_error hookbox_test_convert(const char *hook, const char *binding, const char *from, const char *to, hookbox_json object, hookbox_json *into) HOOKBOX_MUST_USE;
/** What the filter of a binding makes of an object. */
hookbox_error hookbox_test_filter(const char *hook, const char *binding, hookbox_json object, hookbox_json *result) HOOKBOX_MUST_USE;
/** The configuration of a hook; none when there is no such hook. It is JSON unless the hook has a `config_text`. */
hookbox_json hookbox_test_config(const char *hook);

/* ---- What the last call asked for ----------------------------------------------------------------------------------
 * A call that failed asks for nothing, but for patches of `status` with `ignore_hook_error`. */

/** A change of an object. */
typedef struct hookbox_test_patch {
  /** Create, CreateIfNotExists, CreateOrUpdate, Delete, DeleteInBackground, DeleteNonCascading, MergePatch, JSONPatch or
   * JQPatch. */
  const char *operation;
  /** NULL where it is left out. */
  const char *api_version;
  /** Of which object: */
  const char *kind;
  /** NULL for cluster-scoped ones, */
  const char *ns;
  /** and its name. */
  const char *name;
  /** The manifest or the patch; */
  hookbox_json object;
  /** the filter of a JQPatch. */
  const char *filter;
  /** How it is applied. */
  hookbox_patch_options options;
} hookbox_test_patch;

/** An operation on a metric. */
typedef struct hookbox_test_metric {
  /** add, set, observe or expire. */
  const char *action;
  /** NULL for expire. */
  const char *name;
  /** What was added, set or observed. */
  double value;
  /** Upper bounds, for observe. */
  const double *buckets;
  /** How many they are. */
  size_t buckets_len;
  /** An object of strings. */
  hookbox_json labels;
  /** NULL for the group of the hook itself. */
  const char *group;
} hookbox_test_metric;

/** A record of the log. */
typedef struct hookbox_test_record {
  /** How much it matters. */
  hookbox_level level;
  /** What was said. */
  const char *message;
  /** An object of strings. */
  hookbox_json fields;
} hookbox_test_record;

/** A request that was sent. */
typedef struct hookbox_test_request {
  /** GET and its like. */
  const char *method;
  /** Where to. */
  const char *url;
  /** An object of strings. */
  hookbox_json headers;
  /** NULL when there is none. */
  const char *body;
  /** Bytes of the body. */
  size_t body_len;
} hookbox_test_request;

/** What a call asked for. */
typedef struct hookbox_test_effects {
  /** Changes of objects, in their order. */
  const hookbox_test_patch *patches;
  /** How many they are. */
  size_t patches_len;
  /** Operations on metrics, in their order. */
  const hookbox_test_metric *metrics;
  /** How many they are. */
  size_t metrics_len;
  /** Of a failed call, too. */
  const hookbox_test_record *log;
  /** How many they are. */
  size_t log_len;
  /** Of a failed call, too. */
  const hookbox_test_request *requests;
  /** How many they are. */
  size_t requests_len;
  /** As they are afterwards. */
  hookbox_json values;
  /** As they are afterwards. */
  hookbox_json config_values;
} hookbox_test_effects;
/** All of it. */
hookbox_test_effects hookbox_test_asked(void);
/** The last manifest that was to be created, of a kind; none when there is none. `ns` is NULL for cluster-scoped ones. */
hookbox_json hookbox_test_created(const char *kind, const char *ns, const char *name);

/* ---- Tests ---------------------------------------------------------------------------------------------------------
 * A check that fails ends the test. */

/** A test: its name, and its body in braces. */
#define HOOKBOX_TEST(name)                                                                                \
  static void hookbox_test_##name(void);                                                                  \
  __attribute__((constructor)) static void hookbox_add_##name(void) { hookbox_test_add(#name, hookbox_test_##name); } \
  static void hookbox_test_##name(void)

/** Something is so. */
#define HOOKBOX_CHECK(what) hookbox_check((what), __FILE__, __LINE__, "%s", #what)
/** A text is this one; either may be NULL. */
#define HOOKBOX_CHECK_TEXT(text, expected) hookbox_check_text((text), (expected), __FILE__, __LINE__)
/** A value is this one, given as a template of hookbox_json_format without places. */
#define HOOKBOX_CHECK_JSON(value, expected) hookbox_check_json((value), hookbox_json_format(expected), __FILE__, __LINE__)
/** A call gave no error. */
#define HOOKBOX_CHECK_OK(call) hookbox_check_ok((call), __FILE__, __LINE__)
/** A call gave an error with this message. */
#define HOOKBOX_CHECK_FAILS(call, message) hookbox_check_fails((call), (message), __FILE__, __LINE__)

/** What HOOKBOX_TEST makes of a test. */
void hookbox_test_add(const char *name, void (*test)(void));
/** What HOOKBOX_CHECK is. */
void hookbox_check(bool so, const char *file, int line, const char *format, ...) HOOKBOX_PRINTF(4, 5);
/** What HOOKBOX_CHECK_TEXT is. */
void hookbox_check_text(const char *text, const char *expected, const char *file, int line);
/** What HOOKBOX_CHECK_JSON is. */
void hookbox_check_json(hookbox_json value, hookbox_json expected, const char *file, int line);
/** What HOOKBOX_CHECK_OK is. */
void hookbox_check_ok(hookbox_error error, const char *file, int line);
/** What HOOKBOX_CHECK_FAILS is. */
void hookbox_check_fails(hookbox_error error, const char *message, const char *file, int line);

#ifdef __cplusplus
}
#endif

#endif
