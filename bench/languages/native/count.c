// The native program in C: prints the microseconds that it took, and what it counted.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "count.h"

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

int main(int argc, char **argv) {
  FILE *file = argc > 1 ? fopen(argv[1], "r") : NULL;
  if (!file) return 1;
  static char *lines[1 << 20];
  size_t len = 0, room = 0;
  while (getline(&lines[len], &room, file) > 0) len++, room = 0;
  double started = now();
  counts counts = {0};
  for (size_t at = 0; at < len; at++) {
    size_t size = strcspn(lines[at], "\n");
    counts_add(&counts, hookbox_json_parse(lines[at], size));
  }
  const char *text = counts_text(&counts);
  printf("%.0f\n%s\n", now() - started, text);
  return 0;
}
