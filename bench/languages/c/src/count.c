#include "count.h"

#include <stdlib.h>
#include <string.h>

static size_t letters(const char *text) { return text ? strlen(text) : 0; }

void counts_add(counts *counts, hookbox_json pod) {
  const char *phase = hookbox_json_string_at(pod, "/status/phase");
  const char *node = hookbox_json_string_at(pod, "/spec/nodeName");
  if (phase && node && strcmp(phase, "Running") == 0) {
    size_t at = 0;
    while (at < counts->nodes && strcmp(counts->running[at].node, node) != 0) at++;
    if (at == counts->nodes) counts->running[counts->nodes++].node = node;
    counts->running[at].count++;
  }
  counts->letters += letters(hookbox_json_string_at(pod, "/metadata/name"));
  counts->letters += hookbox_json_len(hookbox_json_at(pod, "/metadata/labels"));
  HOOKBOX_JSON_EACH(container, hookbox_json_at(pod, "/spec/containers"))
    counts->letters += letters(hookbox_json_string_at(container.value, "/image"));
}

static int by_node(const void *one, const void *other) { return strcmp(*(const char *const *)one, *(const char *const *)other); }

const char *counts_text(counts *counts) {
  qsort(counts->running, counts->nodes, sizeof counts->running[0], by_node);
  const char *text = "";
  for (size_t at = 0; at < counts->nodes; at++) text = hookbox_text("%s%s=%d ", text, counts->running[at].node, counts->running[at].count);
  return hookbox_text("%sletters=%zu", text, counts->letters);
}
