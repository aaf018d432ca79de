/**
 * @file
 * hookbox: Kubernetes hooks in C and C++.
 *
 * A hook is a function and what it is run for. A project lists its hooks once:
 *
 *     #include <hookbox.h>
 *
 *     static hookbox_error sweep(const hookbox_input *in) {
 *         HOOKBOX_EACH(entry, hookbox_snapshot_of("pods")) {
 *             const char *name = hookbox_json_string_at(entry.object, "/metadata/name");
 *             HOOKBOX_TRY(hookbox_delete((hookbox_ref){.kind = "Pod", .ns = "default", .name = name}));
 *         }
 *         return HOOKBOX_OK;
 *     }
 *
 *     static const hookbox_hook sweeper = {
 *         .name = "sweep",
 *         .config = {.kubernetes = HOOKBOX_KUBERNETES({.name = "pods", .api_version = "v1", .kind = "Pod"})},
 *         .run = sweep,
 *     };
 *
 *     HOOKBOX_HOOKS(&sweeper);
 *
 * Nothing that a hook asks for happens while it runs: object patches, values and metrics are recorded, and applied by the
 * host when the run succeeded.
 *
 * Memory: everything that the functions here return lives until the call of the hook is over; nothing is freed by hand.
 * hookbox_mark and hookbox_release give memory back earlier.
 *
 * Text: all text is UTF-8. What is not is passed on with U+FFFD in place of the bytes that are none.
 */
#ifndef HOOKBOX_H
#define HOOKBOX_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The SDK's version. */
#define HOOKBOX_VERSION "0.1.0"

#if defined(__GNUC__) || defined(__clang__)
#define HOOKBOX_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))
#define HOOKBOX_MUST_USE __attribute__((warn_unused_result))
#define HOOKBOX_NEVER_RETURNS __attribute__((noreturn))
#else
/** The compiler checks the arguments of such a function as those of printf. */
#define HOOKBOX_PRINTF(at, first)
/** The compiler warns where the result is not looked at. */
#define HOOKBOX_MUST_USE
/** The function does not return. */
#define HOOKBOX_NEVER_RETURNS
#endif

/* ---- Lists ---------------------------------------------------------------------------------------------------------
 * A list ends with an element of zeroes. The macros put it there:
 *     HOOKBOX_STRINGS("a", "b")    HOOKBOX_PAIRS({"name", "value"}, {"other", "value"})
 * As all compound literals, a list that is written in a function lives until the end of the block. */

/** A list of strings. */
#define HOOKBOX_STRINGS(...) ((const char *const[]){__VA_ARGS__, NULL})
/** A list of names with their values. */
#define HOOKBOX_PAIRS(...) ((const hookbox_pair[]){__VA_ARGS__, {NULL, NULL}})

/** A name with its value: a label, a field of the log, a header, a key of a ConfigMap. */
typedef struct hookbox_pair {
  /** The name. */
  const char *name;
  /** The value. */
  const char *value;
} hookbox_pair;

/** Strings that the host gave. */
typedef struct hookbox_strings {
  /** The strings, without one of zeroes at the end. */
  const char *const *items;
  /** How many they are. */
  size_t len;
} hookbox_strings;

/* ---- Errors --------------------------------------------------------------------------------------------------------
 * A function that can fail returns NULL, or why. A hook passes it on (HOOKBOX_TRY) or returns one of its own. */

/** Whether and when a run that failed is tried again. */
typedef enum hookbox_retry {
  /** Again with the queue's growing pause. */
  HOOKBOX_BACK_OFF = 0,
  /** Again after `after_ms`. */
  HOOKBOX_AFTER = 1,
  /** A retry makes no sense. */
  HOOKBOX_NEVER = 2
} hookbox_retry;

/** Why something failed. */
struct hookbox_failure {
  /** For a person. */
  const char *message;
  /** The stable word of a refusal of the host, such as `invalid-path` or `not-granted`; NULL for other errors. */
  const char *code;
  /** Whether to try again, */
  hookbox_retry retry;
  /** and when, in milliseconds, for HOOKBOX_AFTER. */
  uint64_t after_ms;
};

/** NULL, or why something failed. */
typedef const struct hookbox_failure *hookbox_error;

/** No error. */
#define HOOKBOX_OK ((hookbox_error)NULL)

/** Return from the function if the call failed. */
#define HOOKBOX_TRY(call)                     \
  do {                                        \
    hookbox_error hookbox_tried = (call);     \
    if (hookbox_tried) return hookbox_tried;  \
  } while (0)

/** An error with a message as printf writes it. The run is tried again with the queue's growing pause. */
hookbox_error hookbox_fail(const char *format, ...) HOOKBOX_PRINTF(1, 2);
/** The same error with `text: ` before its message. */
hookbox_error hookbox_wrap(hookbox_error why, const char *format, ...) HOOKBOX_PRINTF(2, 3);
/** The same error; the run is tried again after this many milliseconds. */
hookbox_error hookbox_retry_after(uint64_t milliseconds, hookbox_error why);
/** The same error; a retry makes no sense: it is counted, and the run leaves the queue. */
hookbox_error hookbox_never_retry(hookbox_error why);
/** Whether an error is a refusal of the host with this code. */
bool hookbox_is_refused(hookbox_error error, const char *code);

/* ---- Memory --------------------------------------------------------------------------------------------------------*/

/** Memory until the call of the hook is over, aligned for anything. There is none: the run ends with a trap. */
void *hookbox_alloc(size_t size);
/** Text as printf writes it. */
const char *hookbox_text(const char *format, ...) HOOKBOX_PRINTF(1, 2);
/** The same with the arguments as a list. */
const char *hookbox_vtext(const char *format, va_list arguments) HOOKBOX_PRINTF(1, 0);
/** A copy of the first `len` bytes, with a NUL behind them. */
const char *hookbox_copy(const char *text, size_t len);

/** A point to which memory can be given back: all that the functions here returned after it is gone then, but for errors, and
 * for a document of a hookbox_writer that was begun before it. A run that reads many objects one by one (hookbox_snapshot_get)
 * needs memory for one of them that way. */
typedef struct hookbox_marked {
  /** Where memory was taken from then, */
  void *block;
  /** how much of it, */
  size_t used;
  /** and how many documents were begun. */
  uint64_t kept;
} hookbox_marked;
/** The point that is now. */
hookbox_marked hookbox_mark(void);
/** Give back all memory since then. */
void hookbox_release(hookbox_marked mark);

/* ---- JSON ----------------------------------------------------------------------------------------------------------
 * A value is a view of its text: nothing is copied or built. `text` is NULL where there is no value. */

/** A value: a view of its text. */
typedef struct hookbox_json {
  /** Where it begins; NULL where there is no value. */
  const char *text;
  /** Its bytes. */
  size_t len;
} hookbox_json;

/** What a value is. */
typedef enum hookbox_json_kind {
  HOOKBOX_JSON_NONE,
  HOOKBOX_JSON_NULL,
  HOOKBOX_JSON_BOOL,
  HOOKBOX_JSON_NUMBER,
  HOOKBOX_JSON_STRING,
  HOOKBOX_JSON_ARRAY,
  HOOKBOX_JSON_OBJECT
} hookbox_json_kind;

/** The value that a text is, which is checked; none if it is not JSON. As for the host, what is nested more than 100 levels deep
 * is none. */
hookbox_json hookbox_json_parse(const char *text, size_t len);
/** Where the text stops being JSON: the offset of the byte; `len` when it ends too early. SIZE_MAX when it is JSON. */
size_t hookbox_json_fault(const char *text, size_t len);

/** What a value is. */
hookbox_json_kind hookbox_json_kind_of(hookbox_json value);
/** Whether there is a value; `null` is one. */
static inline bool hookbox_json_there(hookbox_json value) { return value.text != NULL; }
/** Whether two values are the same, whatever the order of keys. Numbers are compared as they are written: 1 is not 1.0. */
bool hookbox_json_equal(hookbox_json one, hookbox_json other);

/** The part at a JSON Pointer (RFC 6901), such as `/spec/containers/0/image`; none when it is not there. */
hookbox_json hookbox_json_at(hookbox_json value, const char *pointer);
/** What a string says; NULL when it is none. A U+0000 in it ends it for C; hookbox_json_string_n tells its length. */
const char *hookbox_json_string(hookbox_json value);
/** The same, with its length in bytes, which `len` gets. */
const char *hookbox_json_string_n(hookbox_json value, size_t *len);
/** Whether it is such a value, which is written to `into`. An integer is a number without a fraction that fits,
 * however written: 1.0 and 1e3 are integers. */
bool hookbox_json_int(hookbox_json value, int64_t *into);
/** Whether it is a number. */
bool hookbox_json_double(hookbox_json value, double *into);
/** Whether it is true or false. */
bool hookbox_json_bool(hookbox_json value, bool *into);
/** The same of a part; `fallback`, or NULL for strings, when it is not there or is something else. */
const char *hookbox_json_string_at(hookbox_json value, const char *pointer);
/** The integer at a pointer, or `fallback`. */
int64_t hookbox_json_int_at(hookbox_json value, const char *pointer, int64_t fallback);
/** The number at a pointer, or `fallback`. */
double hookbox_json_double_at(hookbox_json value, const char *pointer, double fallback);
/** What is at a pointer, or `fallback`. */
bool hookbox_json_bool_at(hookbox_json value, const char *pointer, bool fallback);

/** Elements of an array, members of an object; 0 for others. */
size_t hookbox_json_len(hookbox_json value);

/** Goes through an array or an object: HOOKBOX_JSON_EACH(label, labels) puts(label.key); */
typedef struct hookbox_json_iter {
  /** Key of the member; NULL in arrays. A U+0000 in it ends it for C; `key_len` tells its length. */
  const char *key;
  /** Bytes of the key. */
  size_t key_len;
  /** The element, or the value of the member. */
  hookbox_json value;
  /** From 0. */
  size_t index;
  /** Where the next one begins, */
  const char *at;
  /** and where all of it ends. */
  const char *end;
} hookbox_json_iter;
/** Before the first one. */
hookbox_json_iter hookbox_json_each(hookbox_json value);
/** Go to the next one; false when there is none. */
bool hookbox_json_next(hookbox_json_iter *iter);
/** A loop over the members of an object, or the elements of an array. */
#define HOOKBOX_JSON_EACH(item, value) \
  for (hookbox_json_iter item = hookbox_json_each(value); hookbox_json_next(&item);)

/** The document with another value at a pointer, whose parent must be there; `-` is the end of an array. None when the
 * parent is not there. The document itself stays as it is. */
hookbox_json hookbox_json_set(hookbox_json document, const char *pointer, hookbox_json value);
/** The document without what is at a pointer; none when there is nothing. */
hookbox_json hookbox_json_remove(hookbox_json document, const char *pointer);
/** The JSON Patch (RFC 6902) that leads from one document to another; none when there is no other. Arrays that differ are
 * replaced as a whole. */
hookbox_json hookbox_json_diff(hookbox_json before, hookbox_json after);

/** A value by a template:
 *     hookbox_json_format("{'metadata': {'name': %s, 'labels': {'app': '%s-app'}}, 'spec': {'replicas': %d}}", …)
 * `'` stands for `"`. In a string, %s and the numbers are put in as text. Elsewhere:
 *   %s  const char *: a string; null for NULL     %j  hookbox_json: the value; null for none
 *   %d %u %ld %lu %lld %llu %zu  a number         %g  double: a number          %b  bool       %%  a percent sign
 * A template that makes no JSON is a mistake in the program, and ends the run with a trap that names it. */
hookbox_json hookbox_json_format(const char *format, ...);
/** A string. */
hookbox_json hookbox_json_of(const char *text);

/** A value piece by piece:
 *     hookbox_writer *w = hookbox_write();
 *     hookbox_write_object(w); hookbox_write_key(w, "names"); hookbox_write_array(w); … hookbox_write_end(w);
 *     hookbox_write_end(w); hookbox_json names = hookbox_written(w);
 * Pieces that make no JSON are a mistake in the program, as above. */
typedef struct hookbox_writer hookbox_writer;
/** A writer that has written nothing. */
hookbox_writer *hookbox_write(void);
/** Begin an object. */
void hookbox_write_object(hookbox_writer *writer);
/** Begin an array. */
void hookbox_write_array(hookbox_writer *writer);
/** End the object or array that was begun last. */
void hookbox_write_end(hookbox_writer *writer);
/** A member's key; its value comes next. */
void hookbox_write_key(hookbox_writer *writer, const char *key);
/** The same of so many bytes. */
void hookbox_write_key_n(hookbox_writer *writer, const char *key, size_t len);
/** A string; `null` for NULL. */
void hookbox_write_string(hookbox_writer *writer, const char *text);
/** A string of so many bytes. */
void hookbox_write_string_n(hookbox_writer *writer, const char *text, size_t len);
/** An integer. */
void hookbox_write_int(hookbox_writer *writer, int64_t number);
/** An integer that has no sign. */
void hookbox_write_uint(hookbox_writer *writer, uint64_t number);
/** `null` for what is no finite number. */
void hookbox_write_double(hookbox_writer *writer, double number);
/** true or false. */
void hookbox_write_bool(hookbox_writer *writer, bool value);
/** `null`. */
void hookbox_write_null(hookbox_writer *writer);
/** `null` for none. */
void hookbox_write_json(hookbox_writer *writer, hookbox_json value);
/** What was written: one whole value, behind which nothing more is written. */
hookbox_json hookbox_written(hookbox_writer *writer);

/** A manifest of a ConfigMap; `data` may be NULL. */
hookbox_json hookbox_config_map(const char *ns, const char *name, const hookbox_pair *data);

/* ---- What a hook is run for ----------------------------------------------------------------------------------------
 * The document of `configVersion: v1`, as shell-operator has it. What is left out has the document's default. */

/** hookbox_config.on_startup = HOOKBOX_ORDER(10) */
typedef struct hookbox_order {
  /** Whether there is one. */
  bool set;
  /** Smaller ones first. */
  int order;
} hookbox_order;
/** The place of a hook among those that run at the start. */
#define HOOKBOX_ORDER(number) {true, (number)}

/** A time to run at. */
typedef struct hookbox_schedule {
  /** Name of the binding; `schedule` when left out. */
  const char *name;
  /** Five fields, or six with seconds first. */
  const char *crontab;
  /** Leave a failed run at that. */
  bool allow_failure;
  /** Queue in which it runs; `main` when left out. */
  const char *queue;
  /** Group of bindings that run the hook together. */
  const char *group;
  /** Names of `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
  const char *const *include_snapshots_from;
} hookbox_schedule;
/** A list of times. */
#define HOOKBOX_SCHEDULES(...) ((const hookbox_schedule[]){__VA_ARGS__, {.crontab = NULL}})

/** A condition on a label: In, NotIn, Exists or DoesNotExist. */
typedef struct hookbox_expression {
  /** The label. */
  const char *key;
  /** In, NotIn, Exists or DoesNotExist. */
  const char *op;
  /** HOOKBOX_STRINGS, for In and NotIn. */
  const char *const *values;
} hookbox_expression;
/** A list of conditions on labels. */
#define HOOKBOX_EXPRESSIONS(...) ((const hookbox_expression[]){__VA_ARGS__, {NULL, NULL, NULL}})

/** Objects by their labels. */
typedef struct hookbox_labels {
  /** HOOKBOX_PAIRS that they have. */
  const hookbox_pair *match;
  /** HOOKBOX_EXPRESSIONS, of which all hold. */
  const hookbox_expression *expressions;
} hookbox_labels;

/** A condition on a field: Equals or NotEquals. */
typedef struct hookbox_field {
  /** Its path, such as `status.phase`. */
  const char *field;
  /** Equals or NotEquals. */
  const char *op;
  /** The value that it has, or has not. */
  const char *value;
} hookbox_field;
/** A list of conditions on fields. */
#define HOOKBOX_FIELDS(...) ((const hookbox_field[]){__VA_ARGS__, {NULL, NULL, NULL}})

/** Changes of objects, for hookbox_kubernetes.events. */
enum {
  HOOKBOX_ADDED = 1,
  HOOKBOX_MODIFIED = 2,
  HOOKBOX_DELETED = 4,
  /** None: the binding is there for its snapshot. */
  HOOKBOX_NO_EVENTS = 8
};

/** Makes the filter's result for an object, in place of jq_filter. The same object must give the same result. */
typedef hookbox_error (*hookbox_filter)(hookbox_json object, hookbox_json *result);

/** Objects to run for, and to have in a snapshot. */
typedef struct hookbox_kubernetes {
  /** Name of the binding, and of its snapshot; `kubernetes` when left out. */
  const char *name;
  /** Group and version; the preferred version of the kind when left out. */
  const char *api_version;
  /** Kind of the objects. */
  const char *kind;
  /** Which changes run the hook: HOOKBOX_ADDED | HOOKBOX_DELETED; all when left out. */
  unsigned events;
  /** Do not run for the objects that are there at the start. */
  bool skip_synchronization;
  /** Accepted, without effect. */
  bool no_wait_for_synchronization;
  /** The snapshot holds only the filter's results. */
  bool drop_full_objects;
  /** Watch only `metadata`. */
  bool metadata_only;
  /** Makes what the snapshot has for each object: in jq, */
  const char *jq_filter;
  /** or in C. */
  hookbox_filter filter;
  /** Names of the objects. */
  const char *const *names;
  /** Labels of the objects. */
  hookbox_labels labels;
  /** Fields of the objects. */
  const hookbox_field *fields;
  /** Namespaces in which they are, by name; all when left out. */
  const char *const *namespaces;
  /** Namespaces by their labels. */
  hookbox_labels namespace_labels;
  /** Leave a failed run at that. */
  bool allow_failure;
  /** Queue in which it runs; `main` when left out. */
  const char *queue;
  /** Group of bindings that run the hook together. */
  const char *group;
  /** Names of `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
  const char *const *include_snapshots_from;
} hookbox_kubernetes;
/** A list of bindings. */
#define HOOKBOX_KUBERNETES(...) ((const hookbox_kubernetes[]){__VA_ARGS__, {.kind = NULL}})

/** Requests. "*" stands for all. */
typedef struct hookbox_rule {
  /** HOOKBOX_STRINGS; "" is the core group. */
  const char *const *api_groups;
  /** HOOKBOX_STRINGS, without the group. */
  const char *const *api_versions;
  /** CREATE, UPDATE, DELETE, CONNECT. */
  const char *const *operations;
  /** In the plural, with subresources behind a slash: pods, pods/status. */
  const char *const *resources;
  /** Cluster, Namespaced, or all when left out. */
  const char *scope;
} hookbox_rule;
/** A list of rules. */
#define HOOKBOX_RULES(...) ((const hookbox_rule[]){__VA_ARGS__, {.resources = NULL}})

/** A condition in CEL. */
typedef struct hookbox_condition {
  /** Its name in messages of the API server. */
  const char *name;
  /** In CEL, of `object`, `oldObject` and `request`; true for requests that the hook is asked about. */
  const char *expression;
} hookbox_condition;
/** A list of conditions in CEL. */
#define HOOKBOX_CONDITIONS(...) ((const hookbox_condition[]){__VA_ARGS__, {NULL, NULL}})

/** Which requests a hook is asked about. */
typedef struct hookbox_webhook {
  /** A domain of at least three segments. */
  const char *name;
  /** HOOKBOX_RULES, of which one covers a request. */
  const hookbox_rule *rules;
  /** What no answer means: Fail when left out, or Ignore. */
  const char *failure_policy;
  /** None when left out, or NoneOnDryRun. */
  const char *side_effects;
  /** How long the API server waits; 10 when left out. */
  int timeout_seconds;
  /** Labels of the objects. */
  hookbox_labels labels;
  /** Namespaces by their labels. */
  hookbox_labels namespace_labels;
  /** HOOKBOX_CONDITIONS, of which all hold. */
  const hookbox_condition *conditions;
  /** Group of bindings that run the hook together, or whose snapshots belong to it. */
  const char *group;
  /** Names of `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
  const char *const *include_snapshots_from;
} hookbox_webhook;
/** A list of webhooks. */
#define HOOKBOX_WEBHOOKS(...) ((const hookbox_webhook[]){__VA_ARGS__, {.name = NULL}})

/** Versions from which and to which a hook converts. */
typedef struct hookbox_versions {
  /** The version that objects have. */
  const char *from;
  /** The version that they are asked for in. */
  const char *to;
} hookbox_versions;
/** A list of versions. */
#define HOOKBOX_VERSIONS(...) ((const hookbox_versions[]){__VA_ARGS__, {NULL, NULL}})

/** Custom resources that a hook converts. */
typedef struct hookbox_conversion {
  /** Name of the binding. */
  const char *name;
  /** The CustomResourceDefinition: widgets.example.com */
  const char *crd_name;
  /** HOOKBOX_VERSIONS({"v1", "v2"}). */
  const hookbox_versions *conversions;
  /** Group of bindings that run the hook together, or whose snapshots belong to it. */
  const char *group;
  /** Names of `kubernetes` bindings whose snapshots belong to it; all of the hook when left out. */
  const char *const *include_snapshots_from;
} hookbox_conversion;
/** A list of conversions. */
#define HOOKBOX_CONVERSIONS(...) ((const hookbox_conversion[]){__VA_ARGS__, {.crd_name = NULL}})

/** How often a hook may run, and in what. */
typedef struct hookbox_settings {
  /** A duration, such as `10s`: how often another run is allowed; as often as wanted when left out. */
  const char *min_interval;
  /** How many are allowed at once; 1 when left out. */
  int burst;
  /** Keep the hook's instance: what a run leaves in static variables is there in the next. What that gives up is in
     docs/configuration.md. */
  bool warm_instance;
} hookbox_settings;

/** What a hook is run for. */
typedef struct hookbox_config {
  /** Run once at the start, hooks with smaller numbers first: HOOKBOX_ORDER(10). */
  hookbox_order on_startup;
  /** Times to run at: HOOKBOX_SCHEDULES. */
  const hookbox_schedule *schedule;
  /** Objects to run for: HOOKBOX_KUBERNETES. */
  const hookbox_kubernetes *kubernetes;
  /** Reviews that hookbox_hook.validate answers. */
  const hookbox_webhook *validating;
  /** Reviews that hookbox_hook.mutate answers. */
  const hookbox_webhook *mutating;
  /** Custom resources that hookbox_hook.convert converts. */
  const hookbox_conversion *conversion;
  /** How often it may run. */
  hookbox_settings settings;
  /** What the hook wants to be granted beyond its snapshots, as a template of JSON without places:
   * "{'http': [{'hosts': ['api.example.com']}]}". */
  const char *capabilities;
} hookbox_config;

/* ---- A hook --------------------------------------------------------------------------------------------------------*/

/** One reason for a run. It is read when it is asked for. */
typedef struct hookbox_context {
  /** The host's name for it. */
  int32_t handle;
} hookbox_context;

/** What a run has. */
typedef struct hookbox_input {
  /** The hook's name. */
  const char *hook;
  /** The reasons for the run, at least one, oldest first. None in a review. */
  const hookbox_context *contexts;
  /** How many they are. */
  size_t contexts_len;
} hookbox_input;

/** A request that a webhook is asked about. */
typedef struct hookbox_review {
  /** The hook's name. */
  const char *hook;
  /** The webhook's name. */
  const char *binding;
  /** CREATE, UPDATE, DELETE or CONNECT. */
  const char *operation;
  /** Name and namespace of the object; NULL where it has none. */
  const char *name;
  /** Its namespace; NULL for cluster-scoped objects. */
  const char *ns;
  /** Nothing will be kept of it. */
  bool dry_run;
  /** The object as it is to be, and as it was; none where there is none. */
  hookbox_json object;
  /** As it was; none where there is none. */
  hookbox_json old_object;
  /** The whole `request` of an AdmissionReview v1. */
  hookbox_json request;
} hookbox_review;

/** The answer to a review: hookbox_allow, hookbox_deny or hookbox_change make one. */
typedef struct hookbox_verdict {
  /** Whether the request may go on. */
  bool allowed;
  /** Why not, to the person who made the request. */
  const char *message;
  /** What the object becomes, for `mutate` only; none leaves it as it is. Only what is another than before is sent. */
  hookbox_json object;
  /** By hookbox_warn and hookbox_audit. */
  const hookbox_pair *warnings;
  /** By hookbox_audit. */
  const hookbox_pair *audit;
} hookbox_verdict;

/** Let a request go on. */
hookbox_verdict hookbox_allow(void);
/** Refuse it, with a message as printf writes it. */
hookbox_verdict hookbox_deny(const char *format, ...) HOOKBOX_PRINTF(1, 2);
/** Let it go on with another object. */
hookbox_verdict hookbox_change(hookbox_json object);
/** Say something to the person who made the request, whatever the answer. */
void hookbox_warn(hookbox_verdict *verdict, const char *text);
/** Say something to the API server's audit log. */
void hookbox_audit(hookbox_verdict *verdict, const char *key, const char *value);

/** What is to be converted. */
typedef struct hookbox_converted {
  /** The hook's name. */
  const char *hook;
  /** The binding's name. */
  const char *binding;
  /** Versions as the binding's configuration has them. */
  const char *from;
  /** The version that is asked for. */
  const char *to;
} hookbox_converted;

/** A function with what it is run for. What it has nothing of is left out. */
typedef struct hookbox_hook {
  /** Unique in the component: letters, digits, and the signs - _ . / */
  const char *name;
  /** What it is run for, */
  hookbox_config config;
  /** or the same as JSON or YAML, in place of `config`: `filter: true` needs a binding of the same name in `config`. */
  const char *config_text;
  /** Is called for its bindings. */
  hookbox_error (*run)(const hookbox_input *in);
  /** Answers the reviews of config.validating. An answer that is left as it is denies. */
  hookbox_error (*validate)(const hookbox_review *review, hookbox_verdict *verdict);
  /** Answers the reviews of config.mutating. */
  hookbox_error (*mutate)(const hookbox_review *review, hookbox_verdict *verdict);
  /** Converts one object. */
  hookbox_error (*convert)(const hookbox_converted *how, hookbox_json object, hookbox_json *into);
} hookbox_hook;

/** The hooks of the component, once in the project: HOOKBOX_HOOKS(&one, &other); */
#define HOOKBOX_HOOKS(...) const hookbox_hook *const hookbox_hooks[] = {__VA_ARGS__, NULL}
/** By HOOKBOX_HOOKS. */
extern const hookbox_hook *const hookbox_hooks[];

/* ---- Why a run happens ---------------------------------------------------------------------------------------------*/

/** Name of the binding. */
const char *hookbox_context_binding(const hookbox_context *context);
/** Schedule, Synchronization, Event or Group; NULL for onStartup. */
const char *hookbox_context_kind(const hookbox_context *context);
/** Name of the group, for the kind Group; else NULL. */
const char *hookbox_context_group(const hookbox_context *context);
/** Added, Modified or Deleted, for the kind Event; else NULL. */
const char *hookbox_context_watch_event(const hookbox_context *context);
/** The object, and the filter's result, as they were at the event; none where there is none. */
hookbox_json hookbox_context_object(const hookbox_context *context);
/** The filter's result as it was at the event; none where there is none. */
hookbox_json hookbox_context_filter_result(const hookbox_context *context);
/** A part of the object; nothing else of it is copied. */
hookbox_error hookbox_context_object_at(const hookbox_context *context, const char *pointer, hookbox_json *into) HOOKBOX_MUST_USE;
/** Names of the snapshots that belong to the context. */
hookbox_strings hookbox_context_snapshot_names(const hookbox_context *context);
/** The whole context as shell-operator writes it, snapshots included. */
hookbox_json hookbox_context_json(const hookbox_context *context);

/* ---- Snapshots -----------------------------------------------------------------------------------------------------
 * The objects of a binding, ordered by namespace, then name. What is not asked for is not copied into the hook. */

/** The objects of a binding. */
typedef struct hookbox_snapshot {
  /** Whether there is one; one that is not there is empty. */
  bool there;
  /** The host's name for it. */
  int32_t handle;
  /** What its entries' objects have, by hookbox_snapshot_fields; NULL is all. */
  const char *const *fields;
} hookbox_snapshot;

/** One object of a snapshot. */
typedef struct hookbox_entry {
  /** None where only filter results are kept. */
  hookbox_json object;
  /** None where the binding has no filter. */
  hookbox_json filter_result;
  /** Its place, from 0. */
  size_t index;
} hookbox_entry;

/** That of a binding. */
hookbox_snapshot hookbox_snapshot_of(const char *binding);
/** That of the context's own binding, for the kind Synchronization. */
hookbox_snapshot hookbox_context_objects(const hookbox_context *context);
/** Names of all snapshots of the run. */
hookbox_strings hookbox_snapshot_names(void);
/** The same objects, whose entries have nothing but these fields: what is not looked at is neither copied into the hook nor
 * read over by it, which takes a fraction of the time for large objects.
 *
 *     hookbox_snapshot pods = hookbox_snapshot_fields(hookbox_snapshot_of("pods"), HOOKBOX_STRINGS("/metadata/name", "/spec/containers/image"));
 *     HOOKBOX_EACH(entry, pods) …
 *
 * They are JSON Pointers in which arrays are no step: `/spec/containers/image` is the image of every container. Filters'
 * results stay whole. A run ends with a trap for what is no JSON Pointer, and for more than 256 of them. As all that is
 * returned, it lives until the call of the hook is over: a warm instance asks for it in each run. */
hookbox_snapshot hookbox_snapshot_fields(hookbox_snapshot snapshot, const char *const *fields);
/** How many objects it has. */
size_t hookbox_snapshot_len(hookbox_snapshot snapshot);
/** The entry at a place; false past the end. */
bool hookbox_snapshot_get(hookbox_snapshot snapshot, size_t index, hookbox_entry *entry);
/** One part of the object, or of the filter's result, at a place; nothing else of it is copied. */
hookbox_error hookbox_snapshot_object_at(hookbox_snapshot snapshot, size_t index, const char *pointer, hookbox_json *into) HOOKBOX_MUST_USE;
/** The same of the filter's result. */
hookbox_error hookbox_snapshot_filter_result_at(hookbox_snapshot snapshot, size_t index, const char *pointer, hookbox_json *into) HOOKBOX_MUST_USE;

/** Goes through the entries, which come in pages: HOOKBOX_EACH(entry, hookbox_snapshot_of("pods")) … */
typedef struct hookbox_entries {
  /** Which entries. */
  hookbox_snapshot snapshot;
  /** Those that were read last, */
  const void *page;
  /** how many they are, */
  size_t page_len;
  /** and which of them comes next. */
  size_t page_at;
  /** The place of the next one. */
  size_t index;
} hookbox_entries;
/** Before the first entry. */
hookbox_entries hookbox_snapshot_each(hookbox_snapshot snapshot);
/** Go to the next entry; false when there is none. */
bool hookbox_snapshot_next(hookbox_entries *entries, hookbox_entry *entry);
/** A loop over the entries of a snapshot. */
#define HOOKBOX_EACH(entry, of)                                                                               \
  for (hookbox_entries hookbox_all_##entry = hookbox_snapshot_each(of), *hookbox_once_##entry = &hookbox_all_##entry; \
       hookbox_once_##entry; hookbox_once_##entry = NULL)                                                     \
    for (hookbox_entry entry; hookbox_snapshot_next(&hookbox_all_##entry, &entry);)

/* ---- Values --------------------------------------------------------------------------------------------------------
 * Documents of the module. A path is keys joined by dots, `web.replicas`, or a JSON Pointer, `/web/replicas`, where keys hold
 * dots; the empty one is the whole. A hook sees its own writes. They take effect outside when the run succeeded. */

/** The value at a path; none when there is none. */
hookbox_error hookbox_values_get(const char *path, hookbox_json *into) HOOKBOX_MUST_USE;
/** Whether there is a value at a path. */
hookbox_error hookbox_values_exists(const char *path, bool *into) HOOKBOX_MUST_USE;
/** The parent must be there. */
hookbox_error hookbox_values_set(const char *path, hookbox_json value) HOOKBOX_MUST_USE;
/** Refused as `no-such-path` when there is none. */
hookbox_error hookbox_values_remove(const char *path) HOOKBOX_MUST_USE;
/** The same for what the cluster's administrator set for the module. */
hookbox_error hookbox_config_values_get(const char *path, hookbox_json *into) HOOKBOX_MUST_USE;
/** Whether there is one. */
hookbox_error hookbox_config_values_exists(const char *path, bool *into) HOOKBOX_MUST_USE;
/** The parent must be there. */
hookbox_error hookbox_config_values_set(const char *path, hookbox_json value) HOOKBOX_MUST_USE;
/** Refused as `no-such-path` when there is none. */
hookbox_error hookbox_config_values_remove(const char *path) HOOKBOX_MUST_USE;

/* ---- Changes to objects --------------------------------------------------------------------------------------------
 * A call records the change: the host applies all of them, in their order, when the run succeeded. */

/** Which object. */
typedef struct hookbox_ref {
  /** Group and version; the kind's preferred version when left out, but for hookbox_cluster_get, which needs it. */
  const char *api_version;
  /** As objects write it: ConfigMap. */
  const char *kind;
  /** Namespace; left out for cluster-scoped objects. */
  const char *ns;
  /** Name of the object. */
  const char *name;
} hookbox_ref;

/** How a patch is applied. */
typedef struct hookbox_patch_options {
  /** Such as `status`. */
  const char *subresource;
  /** An object that is not there is no error. */
  bool ignore_missing_object;
  /** Apply it though the hook failed; for the subresource `status` only. */
  bool ignore_hook_error;
} hookbox_patch_options;
/** A patch without options. */
#define HOOKBOX_PLAIN ((hookbox_patch_options){NULL, false, false})

/** Make an object, a whole manifest. One that is there already is an error. */
hookbox_error hookbox_create(hookbox_json object) HOOKBOX_MUST_USE;
/** One that is there stays as it is. */
hookbox_error hookbox_create_if_not_exists(hookbox_json object) HOOKBOX_MUST_USE;
/** One that is there is replaced. */
hookbox_error hookbox_create_or_update(hookbox_json object) HOOKBOX_MUST_USE;
/** Take an object away, those that it owns first, and wait until it is gone. One that is not there is no error. */
hookbox_error hookbox_delete(hookbox_ref object) HOOKBOX_MUST_USE;
/** Do not wait. */
hookbox_error hookbox_delete_in_background(hookbox_ref object) HOOKBOX_MUST_USE;
/** Leave what it owns. */
hookbox_error hookbox_delete_non_cascading(hookbox_ref object) HOOKBOX_MUST_USE;
/** A JSON Merge Patch (RFC 7396): an object. */
hookbox_error hookbox_merge_patch(hookbox_ref object, hookbox_json patch, hookbox_patch_options options) HOOKBOX_MUST_USE;
/** A JSON Patch (RFC 6902): an array of operations. */
hookbox_error hookbox_json_patch(hookbox_ref object, hookbox_json operations, hookbox_patch_options options) HOOKBOX_MUST_USE;
/** Replace it by what a jq filter makes of it. */
hookbox_error hookbox_jq_patch(hookbox_ref object, const char *filter, hookbox_patch_options options) HOOKBOX_MUST_USE;

/* ---- Metrics -------------------------------------------------------------------------------------------------------
 * All series of a group that a run names are replaced by those that it gives. Without a group (NULL) they belong to the
 * group of the hook itself. `labels` may be NULL. */

/** Add to a counter. */
hookbox_error hookbox_metric_add(const char *name, double value, const hookbox_pair *labels, const char *group) HOOKBOX_MUST_USE;
/** Set a gauge. */
hookbox_error hookbox_metric_set(const char *name, double value, const hookbox_pair *labels, const char *group) HOOKBOX_MUST_USE;
/** Put an observation into a histogram with these upper bounds. */
hookbox_error hookbox_metric_observe(const char *name, double value, const double *buckets, size_t buckets_len,
                                     const hookbox_pair *labels, const char *group) HOOKBOX_MUST_USE;
/** Remove all series of a group. */
hookbox_error hookbox_metric_expire(const char *group) HOOKBOX_MUST_USE;

/* ---- Log -----------------------------------------------------------------------------------------------------------
 * What is printed is logged too, line by line. */

/** How much a record matters. */
typedef enum hookbox_level { HOOKBOX_DEBUG, HOOKBOX_INFO, HOOKBOX_WARN, HOOKBOX_ERROR } hookbox_level;

/** Write a record; `fields` may be NULL. */
void hookbox_log(hookbox_level level, const char *message, const hookbox_pair *fields);
/** Write a record with a message as printf writes it. */
void hookbox_logf(hookbox_level level, const char *format, ...) HOOKBOX_PRINTF(2, 3);

/* ---- Reading the cluster -------------------------------------------------------------------------------------------
 * As far as it was granted. What is watched costs nothing to read; here each read is a request. */

/** An object; none when there is none. */
hookbox_error hookbox_cluster_get(hookbox_ref object, hookbox_json *into) HOOKBOX_MUST_USE;

/** Which objects to list. */
typedef struct hookbox_selection {
  /** Group and version, which are needed. */
  const char *api_version;
  /** As objects write it: Node. */
  const char *kind;
  /** Left out for all of them, and for cluster-scoped objects. */
  const char *ns;
  /** As kubectl's `--selector` and `--field-selector` have it. */
  const char *labels;
  /** As kubectl's `--field-selector` has it. */
  const char *fields;
  /** Objects that are asked for at a time; 500 when left out, and at most. */
  unsigned limit;
} hookbox_selection;

/** Goes through the objects, page by page:
 *     hookbox_listing all = hookbox_cluster_list((hookbox_selection){.api_version = "v1", .kind = "Node"});
 *     for (hookbox_json node; hookbox_cluster_next(&all, &node);) …
 *     HOOKBOX_TRY(all.error); */
typedef struct hookbox_listing {
  /** Which objects. */
  hookbox_selection selection;
  /** Why it ended early; NULL when it did not. */
  hookbox_error error;
  /** The state of the cluster that the listing shows, of the page that was read last; NULL when it is not known. */
  const char *resource_version;
  /** Where the next page begins. */
  const char *after;
  /** Whether a page was read. */
  bool begun;
  /** Those that were read last, */
  const void *page;
  /** how many they are, */
  size_t page_len;
  /** and which of them comes next. */
  size_t page_at;
} hookbox_listing;
/** Before the first object. */
hookbox_listing hookbox_cluster_list(hookbox_selection selection);
/** Go to the next object; false when there is none, or when `error` says why not. */
bool hookbox_cluster_next(hookbox_listing *listing, hookbox_json *object);

/* ---- HTTP ----------------------------------------------------------------------------------------------------------
 * As far as it was granted. Codes of refusals: not-granted, invalid-argument, unreachable, timed-out, broken, too-large. */

/** What is asked. */
typedef struct hookbox_http_request {
  /** GET when left out, or POST when there is a body. */
  const char *method;
  /** https://example.com/a?b=c */
  const char *url;
  /** HOOKBOX_PAIRS; those that say how a message is framed are the host's. */
  const hookbox_pair *headers;
  /** NULL when there is none. */
  const void *body;
  /** Bytes of the body. */
  size_t body_len;
  /** Milliseconds until the answer has come whole; 60,000 when left out, and at most. */
  uint64_t timeout_ms;
  /** Bytes of the answer's body at most; 16 MiB when left out, and at most. */
  uint64_t limit;
} hookbox_http_request;

/** What is answered. */
typedef struct hookbox_http_response {
  /** Such as 200. No status is an error; redirects are not followed. */
  unsigned status;
  /** Names are in lower case. */
  const hookbox_pair *headers;
  /** There is a NUL behind it. */
  const char *body;
  /** Bytes of the body. */
  size_t body_len;
} hookbox_http_response;

/** Send a request and wait for the whole answer. */
hookbox_error hookbox_http_send(hookbox_http_request request, hookbox_http_response *response) HOOKBOX_MUST_USE;
/** The first header of a name, in lower case; NULL when there is none. */
const char *hookbox_http_header(const hookbox_http_response *response, const char *name);

#ifdef __cplusplus
}
#endif

#endif
