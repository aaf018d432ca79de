/* What the parts of the library share. */
#ifndef HOOKBOX_INTERNAL_H
#define HOOKBOX_INTERNAL_H

#include <string.h>

#include "bindings/hookbox_bindings.h"
#include "hookbox.h"

typedef hookbox_bindings_string_t hbx_string;

/* Ends the run with a trap, for mistakes in the program. */
void hbx_mistake(const char *format, ...) HOOKBOX_PRINTF(1, 2) HOOKBOX_NEVER_RETURNS;

/* ---- arena.c: all memory of a call ---- */

/* As realloc, for memory of the arena. There is room for a NUL behind what is asked for. */
void *hbx_realloc(void *old, size_t old_size, size_t align, size_t size);
/* Memory for what grows. A release takes it only if it was begun after the mark. `old` is NULL, or what this gave before. */
void *hbx_keep(void *old, size_t size);
/* Memory that is given back as a whole. An empty pool is NULL. */
struct hbx_pooled;
void *hbx_pool_alloc(struct hbx_pooled **pool, size_t size);
void hbx_pool_free(struct hbx_pooled **pool);
/* Memory until the next call, whatever is given back. */
void *hbx_last(size_t size);
/* Says that a call is over. Its results are still read. */
void hbx_done(void);
/* Gives all memory of the calls back that are over. */
void hbx_begin(void);

/* ---- text.c: text to the host and from it ---- */

/* As the host takes it: what is no UTF-8 is replaced. NULL is empty. */
hbx_string hbx_out(const char *text);
hbx_string hbx_out_n(const char *text, size_t len);
/* The same of a value; none is the empty text, which is refused as JSON. */
hbx_string hbx_out_json(hookbox_json value);
hookbox_bindings_option_string_t hbx_maybe(const char *text);
/* What the host gave, with a NUL behind it. */
const char *hbx_in(hbx_string text);
hookbox_json hbx_in_json(hbx_string text);
hookbox_strings hbx_in_list(hookbox_bindings_list_string_t list);
size_t hbx_count(const hookbox_pair *pairs);
/* Writes a key as a step of a JSON Pointer, which has at most twice its length, and gives the step's end. */
char *hbx_escape(char *to, const char *key, size_t len);

/* ---- error.c ---- */

/* Why the host refused a call. */
hookbox_error hbx_refused(hookbox_hook_types_refusal_t refusal);
/* The same of a call that the host would refuse without naming the field. */
hookbox_error hbx_left_out(const char *field);
/* As the host takes it. */
hookbox_hook_types_error_t hbx_failed(hookbox_error error);

/* Deepest nesting of JSON that the host reads. */
#define HBX_DEEPEST 100

/* ---- json_read.c ---- */

/* The end of the value that begins at `at`, which is JSON. */
const char *hbx_skip(const char *at, const char *end);
const char *hbx_space(const char *at, const char *end);
/* A string, with its quotes, as text. */
const char *hbx_unquote(const char *at, const char *end, size_t *len);
/* The next token of a pointer, unescaped, of which `*rest` is what follows; NULL at its end. */
const char *hbx_token(const char **rest, size_t *len);

/* A member of an object. */
typedef struct hbx_member {
  const char *key;
  size_t key_len;
  hookbox_json value;
} hbx_member;
/* All of an object, by their keys. */
hbx_member *hbx_members(hookbox_json object, size_t *len);
/* Compares two of them, as qsort likes it. */
int hbx_by_key(const void *one, const void *other);

/* ---- config.c ---- */

/* The configuration of a hook as the host reads it. */
hbx_string hbx_config(const hookbox_hook *hook);
/* The name that a binding has. */
const char *hbx_binding_name(const hookbox_kubernetes *binding);

/* ---- input.c ---- */

/* Gives back what was opened in a call. */
void hbx_close(void);

#endif
