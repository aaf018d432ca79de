// One behaviour, all languages: the hooks in C.
#include <hookbox.h>

extern const hookbox_hook reconcile_hook, filtered_hook, values_hook, metrics_hook, patches_hook, contexts_hook, review_hook, change_hook, convert_hook, fetch_hook, read_hook, fail_hook;

#define INFO(message, ...) hookbox_log(HOOKBOX_INFO, message, HOOKBOX_PAIRS(__VA_ARGS__))
#define NUMBER(number) hookbox_text("%lld", (long long)(number))
#define TRUTH(so) ((so) ? "true" : "false")

// The word of a refusal; nothing when there is none.
static inline const char *code_of(hookbox_error error) { return error && error->code ? error->code : ""; }
// A text, or nothing.
static inline const char *or_nothing(const char *text) { return text ? text : ""; }
