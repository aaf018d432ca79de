// A hook in C++, with its standard library.
#include <map>
#include <string>

#include <hookbox.hpp>

namespace {

hookbox_error count(const hookbox_input *) {
  std::map<std::string, int> by_kind;
  for (hookbox::entry map : hookbox::snapshot("maps"))
    if (auto kind = map.object.at("/metadata/labels/kind").string()) by_kind[std::string(*kind)]++;
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
