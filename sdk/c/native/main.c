/* Runs the tests of a program. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"

#define MOST 1024

static struct {
  const char *name;
  void (*test)(void);
} tests[MOST];
static size_t count;
static jmp_buf failed;

void hookbox_test_add(const char *name, void (*test)(void)) {
  if (count == MOST) {
    fprintf(stderr, "more than %d tests\n", MOST);
    exit(1);
  }
  tests[count].name = name;
  tests[count++].test = test;
}

void hookbox_check(bool so, const char *file, int line, const char *format, ...) {
  if (so) return;
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s:%d: ", file, line);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  longjmp(failed, 1);
}

void hookbox_check_text(const char *text, const char *expected, const char *file, int line) {
  bool same = text && expected ? strcmp(text, expected) == 0 : text == expected;
  hookbox_check(same, file, line, "\n       is: %s\n  expected: %s", text ? text : "nothing", expected ? expected : "nothing");
}

void hookbox_check_json(hookbox_json value, hookbox_json expected, const char *file, int line) {
  hookbox_check(hookbox_json_equal(value, expected), file, line, "\n       is: %.*s\n  expected: %.*s", value.text ? (int)value.len : 7,
                value.text ? value.text : "nothing", (int)expected.len, expected.text);
}

void hookbox_check_ok(hookbox_error error, const char *file, int line) {
  hookbox_check(!error, file, line, "it failed: %s", error ? error->message : "");
}

void hookbox_check_fails(hookbox_error error, const char *message, const char *file, int line) {
  hookbox_check_text(error ? error->message : NULL, message, file, line);
}

static bool wanted(const char *name, int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return true;
  return argc < 2;
}

int main(int argc, char **argv) {
  /* A check jumps back over these. */
  volatile size_t ran = 0, bad = 0, at = 0;
  for (; at < count; at++) {
    if (!wanted(tests[at].name, argc, argv)) continue;
    ran++;
    hbx_host_reset();
    if (setjmp(failed) == 0) {
      tests[at].test();
      printf("ok      %s\n", tests[at].name);
    } else {
      bad++;
      printf("FAILED  %s\n", tests[at].name);
    }
    fflush(stdout);
  }
  printf("%zu passed, %zu failed\n", (size_t)(ran - bad), (size_t)bad);
  if (ran == 0) fprintf(stderr, "there are no such tests\n");
  return bad > 0 || ran == 0;
}
