// One of several hooks of a module, each in a language of its own: all see the same values and objects.
#include <hookbox.h>

static hookbox_error run(const hookbox_input *in) {
  (void)in;
  HOOKBOX_TRY(hookbox_values_set("/shared/by/-", hookbox_json_of("c")));
  hookbox_json by;
  HOOKBOX_TRY(hookbox_values_get("/shared/by", &by));
  const char *seen = "";
  HOOKBOX_JSON_EACH(name, by) {
    seen = hookbox_text("%s%s%s", seen, name.index ? " " : "", hookbox_json_string(name.value));
  }
  seen = hookbox_text("%s of", seen);
  HOOKBOX_EACH(entry, hookbox_snapshot_of("shared")) {
    seen = hookbox_text("%s %s", seen, hookbox_json_string(entry.filter_result));
  }
  return hookbox_create_or_update(hookbox_config_map("default", "seen-c", HOOKBOX_PAIRS({"seen", seen})));
}

static const hookbox_hook c = {
    .name = "c",
    .config = {.kubernetes = HOOKBOX_KUBERNETES({
                   .name = "shared",
                   .api_version = "v1",
                   .kind = "ConfigMap",
                   .labels = {.match = HOOKBOX_PAIRS({"app", "shared"})},
                   .jq_filter = ".metadata.name",
                   .events = HOOKBOX_NO_EVENTS,
               })},
    .run = run,
};

static unsigned runs;

// Tells how many runs its instance had.
static hookbox_error run_kept(const hookbox_input *in) {
  (void)in;
  const char *pings = "";
  HOOKBOX_EACH(entry, hookbox_snapshot_of("pings")) {
    pings = hookbox_text("%s%s%s", pings, entry.index ? " " : "", hookbox_json_string(entry.filter_result));
  }
  hookbox_json told = hookbox_config_map("default", "kept-c", HOOKBOX_PAIRS({"runs", hookbox_text("%u", ++runs)}, {"pings", pings}));
  return hookbox_create_or_update(told);
}

static const hookbox_hook c_kept = {
    .name = "c-kept",
    .config = {.kubernetes = HOOKBOX_KUBERNETES({
                   .name = "pings",
                   .api_version = "v1",
                   .kind = "ConfigMap",
                   .labels = {.match = HOOKBOX_PAIRS({"app", "ping"})},
                   .jq_filter = ".metadata.name",
               }),
               .settings = {.warm_instance = true}},
    .run = run_kept,
};

HOOKBOX_HOOKS(&c, &c_kept);
