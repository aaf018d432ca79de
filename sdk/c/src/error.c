/* Errors, and the advice about a retry that they carry. */
#include "internal.h"

static const char *lasting(const char *text) { return text ? strcpy(hbx_last(strlen(text) + 1), text) : NULL; }

/* It is passed on from where memory is given back. */
static struct hookbox_failure *new_failure(struct hookbox_failure of) {
  struct hookbox_failure *failure = hbx_last(sizeof *failure);
  of.message = lasting(of.message);
  of.code = lasting(of.code);
  *failure = of;
  return failure;
}

static struct hookbox_failure *again(hookbox_error why) {
  return new_failure(why ? *why : (struct hookbox_failure){.message = "the hook failed without a word"});
}

hookbox_error hookbox_fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *message = hookbox_vtext(format, arguments);
  va_end(arguments);
  return new_failure((struct hookbox_failure){.message = message});
}

hookbox_error hookbox_wrap(hookbox_error why, const char *format, ...) {
  if (!why) return NULL;
  va_list arguments;
  va_start(arguments, format);
  const char *before = hookbox_vtext(format, arguments);
  va_end(arguments);
  struct hookbox_failure failure = *why;
  failure.message = hookbox_text("%s: %s", before, why->message);
  return new_failure(failure);
}

hookbox_error hookbox_retry_after(uint64_t milliseconds, hookbox_error why) {
  struct hookbox_failure *failure = again(why);
  failure->retry = HOOKBOX_AFTER;
  failure->after_ms = milliseconds;
  return failure;
}

hookbox_error hookbox_never_retry(hookbox_error why) {
  struct hookbox_failure *failure = again(why);
  failure->retry = HOOKBOX_NEVER;
  return failure;
}

bool hookbox_is_refused(hookbox_error error, const char *code) {
  return error && error->code && strcmp(error->code, code) == 0;
}

hookbox_error hbx_refused(hookbox_hook_types_refusal_t refusal) {
  const char *code = hbx_in(refusal.code);
  return new_failure((struct hookbox_failure){.message = hookbox_text("%s (%s)", hbx_in(refusal.message), code), .code = code});
}

hookbox_error hbx_left_out(const char *field) {
  const char *code = "invalid-argument";
  return new_failure((struct hookbox_failure){.message = hookbox_text("`%s` is left out (%s)", field, code), .code = code});
}

hookbox_hook_types_error_t hbx_failed(hookbox_error error) {
  hookbox_hook_types_error_t failed = {.message = hbx_out(error->message)};
  failed.retry.tag = (uint8_t)error->retry;
  if (error->retry == HOOKBOX_AFTER) failed.retry.val.after = error->after_ms;
  return failed;
}
