// Values and metrics.
#include "hooks.h"

// Reads, sets and removes values, and is refused.
static hookbox_error run_values(const hookbox_input *in) {
  (void)in;
  hookbox_json found, whole;
  int64_t replicas = 2;
  bool old;
  HOOKBOX_TRY(hookbox_values_get("/web/replicas", &found));
  hookbox_json_int(found, &replicas);
  HOOKBOX_TRY(hookbox_config_values_get("web.name", &found));
  const char *name = hookbox_json_string(found);
  HOOKBOX_TRY(hookbox_values_set("/web/effective", hookbox_json_format("{'replicas': %lld, 'name': %s}", (long long)replicas, name ? name : "nobody")));
  HOOKBOX_TRY(hookbox_values_set("/web/hosts/-", hookbox_json_of("b.example")));
  HOOKBOX_TRY(hookbox_values_set("/web/a~1b", hookbox_json_format("%g", 1.5)));
  HOOKBOX_TRY(hookbox_values_exists("/web/old", &old));
  if (old) HOOKBOX_TRY(hookbox_values_remove("/web/old"));
  HOOKBOX_TRY(hookbox_config_values_set("/web/seen", hookbox_json_format("true")));
  INFO("refused", {"code", code_of(hookbox_values_set("/nowhere/at/all", hookbox_json_format("null")))});
  INFO("refused", {"code", code_of(hookbox_values_remove("/web/old"))});
  INFO("refused", {"code", code_of(hookbox_values_set("/web/hosts/x", hookbox_json_format("1")))});
  HOOKBOX_TRY(hookbox_values_get("", &whole));
  const char *hosts = "";
  HOOKBOX_JSON_EACH(host, hookbox_json_at(whole, "/web/hosts")) hosts = hookbox_text("%s%s%s", hosts, host.index ? " " : "", hookbox_json_string(host.value));
  INFO("values", {"hosts", hosts}, {"replicas", NUMBER(hookbox_json_int_at(whole, "/web/effective/replicas", 0))});
  return HOOKBOX_OK;
}

const hookbox_hook values_hook = {.name = "values", .config = {.on_startup = HOOKBOX_ORDER(2)}, .run = run_values};

// Every kind of metric.
static hookbox_error run_metrics(const hookbox_input *in) {
  (void)in;
  static const double bounds[] = {0.1, 0.5, 1.0};
  HOOKBOX_TRY(hookbox_metric_expire("old"));
  HOOKBOX_TRY(hookbox_metric_expire(NULL));
  HOOKBOX_TRY(hookbox_metric_add("mails_total", 3, NULL, NULL));
  HOOKBOX_TRY(hookbox_metric_add("checks_total", 1, HOOKBOX_PAIRS({"site", "a"}, {"by", "hook"}), NULL));
  HOOKBOX_TRY(hookbox_metric_set("length", -12.5, HOOKBOX_PAIRS({"queue", "mäil"}), NULL));
  HOOKBOX_TRY(hookbox_metric_observe("seconds", 0.3, bounds, 3, HOOKBOX_PAIRS({"site", "a"}), NULL));
  return hookbox_metric_set("days", 30, NULL, "certificates");
}

const hookbox_hook metrics_hook = {
    .name = "metrics",
    .config = {.schedule = HOOKBOX_SCHEDULES({.name = "measure", .crontab = "@hourly"})},
    .run = run_metrics,
};
