// Reads very many Pods.
#include "count.h"

// Looks into the whole text of each.
static hookbox_error whole(const hookbox_input *in) {
  (void)in;
  counts counts = {0};
  HOOKBOX_EACH(entry, hookbox_snapshot_of("pods")) counts_add(&counts, entry.object);
  return hookbox_create_or_update(hookbox_config_map("default", "counts", HOOKBOX_PAIRS({"text", counts_text(&counts)})));
}

static const hookbox_hook whole_hook = {
    .name = "whole",
    .config = {.kubernetes = HOOKBOX_KUBERNETES({.name = "pods", .api_version = "v1", .kind = "Pod"})},
    .run = whole,
};

HOOKBOX_HOOKS(&whole_hook);
