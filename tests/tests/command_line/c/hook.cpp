// A hook in C++, with its standard library.
#include <map>
#include <string>

#include <hookbox.h>

namespace {

hookbox_error count(const hookbox_input *) {
  std::map<std::string, int> by_kind;
  HOOKBOX_EACH(entry, hookbox_snapshot_of("maps")) {
    if (const char *kind = hookbox_json_string_at(entry.object, "/metadata/labels/kind")) by_kind[kind]++;
  }
  std::string text;
  for (const auto &[kind, count] : by_kind) text += kind + "=" + std::to_string(count) + ";";
  return hookbox_create_or_update(hookbox_config_map("default", "counted", HOOKBOX_PAIRS({"text", text.c_str()})));
}

const hookbox_hook counting = {
    .name = "count",
    .config_text = R"(
configVersion: v1
kubernetes:
- {name: maps, kind: ConfigMap, namespace: {nameSelector: {matchNames: [default]}}, includeSnapshotsFrom: [maps]}
)",
    .run = count,
};

}  // namespace

HOOKBOX_HOOKS(&counting);
