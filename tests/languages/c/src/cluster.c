// Snapshots, contexts, and changes of objects.
#include <stdlib.h>
#include <string.h>

#include "hooks.h"

// A Pod by its node.
struct placed {
  const char *node;
  const char *pod;
  size_t index;
};

static int by_node(const void *one, const void *other) {
  const struct placed *a = one, *b = other;
  int order = strcmp(a->node, b->node);
  return order ? order : (a->index > b->index) - (a->index < b->index);
}

// Which node has which Pods, in a ConfigMap; Pods that are done go, and others are marked once.
static hookbox_error run_reconcile(const hookbox_input *in) {
  (void)in;
  hookbox_snapshot pods = hookbox_snapshot_fields(
      hookbox_snapshot_of("pods"), HOOKBOX_STRINGS("/metadata/name", "/metadata/namespace", "/metadata/labels/seen", "/spec/nodeName", "/status/phase"));
  size_t len = hookbox_snapshot_len(pods), count = 0, nodes = 0;
  struct placed *placed = hookbox_alloc((len + 1) * sizeof *placed);
  HOOKBOX_EACH(entry, pods) {
    const char *name = hookbox_json_string_at(entry.object, "/metadata/name");
    hookbox_ref pod = {.api_version = "v1", .kind = "Pod", .ns = hookbox_json_string_at(entry.object, "/metadata/namespace"), .name = name};
    if (strcmp(or_nothing(hookbox_json_string_at(entry.object, "/status/phase")), "Succeeded") == 0) {
      HOOKBOX_TRY(hookbox_delete_in_background(pod));
      continue;
    }
    placed[count] = (struct placed){or_nothing(hookbox_json_string_at(entry.object, "/spec/nodeName")), name, count};
    count++;
    if (!hookbox_json_there(hookbox_json_at(entry.object, "/metadata/labels/seen")))
      HOOKBOX_TRY(hookbox_merge_patch(pod, hookbox_json_format("{'metadata': {'labels': {'seen': 'yes'}}}"), HOOKBOX_PLAIN));
  }
  qsort(placed, count, sizeof *placed, by_node);
  hookbox_writer *data = hookbox_write();
  hookbox_write_object(data);
  for (size_t at = 0; at < count; nodes++) {
    const char *node = placed[at].node, *names = placed[at].pod;
    size_t first = at++;
    for (; at < count && strcmp(placed[at].node, node) == 0; at++) names = hookbox_text("%s,%s", names, placed[at].pod);
    HOOKBOX_TRY(hookbox_metric_set("pods_of_node", (double)(at - first), HOOKBOX_PAIRS({"node", node}), NULL));
    hookbox_write_key(data, node);
    hookbox_write_string(data, names);
  }
  hookbox_write_end(data);
  HOOKBOX_TRY(hookbox_create_or_update(hookbox_json_format(
      "{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'pods', 'namespace': 'default'}, 'data': %j}", hookbox_written(data))));
  INFO("reconciled", {"pods", NUMBER(len)}, {"nodes", NUMBER(nodes)});
  return HOOKBOX_OK;
}

const hookbox_hook reconcile_hook = {
    .name = "reconcile",
    .config = {.kubernetes = HOOKBOX_KUBERNETES({.name = "pods", .api_version = "v1", .kind = "Pod", .labels = {.match = HOOKBOX_PAIRS({"app", "web"})}})},
    .run = run_reconcile,
};

static int by_text(const void *one, const void *other) { return strcmp(*(const char *const *)one, *(const char *const *)other); }

// The name of a Deployment and its images, each once and in order.
static hookbox_error images_of(hookbox_json object, hookbox_json *result) {
  if (strcmp(or_nothing(hookbox_json_string_at(object, "/metadata/annotations/broken")), "yes") == 0) return hookbox_fail("this one is broken");
  hookbox_json containers = hookbox_json_at(object, "/spec/template/spec/containers");
  const char **images = hookbox_alloc((hookbox_json_len(containers) + 1) * sizeof *images);
  size_t len = 0;
  HOOKBOX_JSON_EACH(container, containers) {
    const char *image = hookbox_json_string_at(container.value, "/image");
    if (image) images[len++] = image;
  }
  qsort(images, len, sizeof *images, by_text);
  hookbox_writer *list = hookbox_write();
  hookbox_write_array(list);
  for (size_t i = 0; i < len; i++)
    if (i == 0 || strcmp(images[i - 1], images[i]) != 0) hookbox_write_string(list, images[i]);
  hookbox_write_end(list);
  *result = hookbox_json_format("{'name': %s, 'images': %j}", or_nothing(hookbox_json_string_at(object, "/metadata/name")), hookbox_written(list));
  return HOOKBOX_OK;
}

// Counts the images that the filter found.
static hookbox_error run_filtered(const hookbox_input *in) {
  (void)in;
  HOOKBOX_EACH(entry, hookbox_snapshot_of("deployments")) {
    const char *name = hookbox_json_string_at(entry.filter_result, "/name"), *list = "";
    hookbox_json images = hookbox_json_at(entry.filter_result, "/images");
    HOOKBOX_JSON_EACH(image, images) list = hookbox_text("%s%s%s", list, image.index ? " " : "", hookbox_json_string(image.value));
    INFO("images", {"name", name}, {"list", list});
    HOOKBOX_TRY(hookbox_metric_set("images", (double)hookbox_json_len(images), HOOKBOX_PAIRS({"deployment", name}), NULL));
  }
  return HOOKBOX_OK;
}

const hookbox_hook filtered_hook = {
    .name = "filtered",
    .config = {.kubernetes = HOOKBOX_KUBERNETES({.name = "deployments", .api_version = "apps/v1", .kind = "Deployment", .filter = images_of})},
    .run = run_filtered,
};

static hookbox_json map(const char *name) { return hookbox_config_map("default", name, HOOKBOX_PAIRS({"k", "v"})); }

static hookbox_ref named(const char *name) {
  return (hookbox_ref){.api_version = "v1", .kind = "ConfigMap", .ns = "default", .name = name};
}

// Every kind of change, with every option.
static hookbox_error run_patches(const hookbox_input *in) {
  (void)in;
  HOOKBOX_TRY(hookbox_create(map("created")));
  HOOKBOX_TRY(hookbox_create_if_not_exists(map("kept")));
  HOOKBOX_TRY(hookbox_create_or_update(map("replaced")));
  HOOKBOX_TRY(hookbox_delete(named("foreground")));
  HOOKBOX_TRY(hookbox_delete_in_background(named("background")));
  HOOKBOX_TRY(hookbox_delete_non_cascading(named("orphan")));
  HOOKBOX_TRY(hookbox_merge_patch(named("merged"), hookbox_json_format("{'data': {'a': '1', 'b': null}}"), HOOKBOX_PLAIN));
  HOOKBOX_TRY(hookbox_json_patch(named("listed"), hookbox_json_format("[{'op': 'add', 'path': '/data/a', 'value': 'ü'}]"), HOOKBOX_PLAIN));
  HOOKBOX_TRY(hookbox_jq_patch(named("filtered"), ".data.n = \"1\"", HOOKBOX_PLAIN));
  return hookbox_merge_patch((hookbox_ref){.api_version = "v1", .kind = "Node", .name = "n1"}, hookbox_json_format("{'status': {'phase': 'Running'}}"),
                             (hookbox_patch_options){.subresource = "status", .ignore_missing_object = true, .ignore_hook_error = true});
}

const hookbox_hook patches_hook = {.name = "patches", .config = {.on_startup = HOOKBOX_ORDER(1)}, .run = run_patches};

static const char *shown(hookbox_json value) {
  const char *text = hookbox_json_string(value);
  return text ? text : hookbox_copy(value.text, value.len);
}

static hookbox_error tell(const hookbox_context *context) {
  const char *binding = hookbox_context_binding(context), *kind = hookbox_context_kind(context);
  if (!kind) {
    hookbox_log(HOOKBOX_INFO, "startup", NULL);
  } else if (strcmp(kind, "Schedule") == 0) {
    INFO("schedule", {"name", binding});
  } else if (strcmp(kind, "Synchronization") == 0) {
    INFO("synchronization", {"binding", binding}, {"objects", NUMBER(hookbox_snapshot_len(hookbox_context_objects(context)))});
  } else if (strcmp(kind, "Event") == 0) {
    hookbox_json name;
    HOOKBOX_TRY(hookbox_context_object_at(context, "/metadata/name", &name));
    INFO("event", {"binding", binding}, {"event", hookbox_context_watch_event(context)}, {"name", or_nothing(hookbox_json_string(name))},
         {"result", shown(hookbox_context_filter_result(context))});
  } else if (strcmp(kind, "Group") == 0) {
    INFO("group", {"name", hookbox_context_group(context)});
  } else {
    INFO("other", {"binding", binding});
  }
  return HOOKBOX_OK;
}

// Tells why it runs, and what it sees.
static hookbox_error run_contexts(const hookbox_input *in) {
  for (size_t i = 0; i < in->contexts_len; i++) HOOKBOX_TRY(tell(&in->contexts[i]));
  static const char *const names[] = {"maps", "secrets"};
  for (size_t i = 0; i < 2; i++) {
    hookbox_snapshot snapshot = hookbox_snapshot_of(names[i]);
    if (!snapshot.there) {
      INFO("no snapshot", {"name", names[i]});
      continue;
    }
    const char *results = "";
    HOOKBOX_EACH(entry, snapshot) results = hookbox_text("%s%s%s", results, entry.index ? " " : "", shown(entry.filter_result));
    INFO("snapshot", {"name", names[i]}, {"entries", NUMBER(hookbox_snapshot_len(snapshot))}, {"results", results});
  }
  hookbox_snapshot maps = hookbox_snapshot_of("maps");
  for (size_t i = 0; i < hookbox_snapshot_len(maps); i++) {
    hookbox_json name, nothing;
    HOOKBOX_TRY(hookbox_snapshot_object_at(maps, i, "/metadata/name", &name));
    HOOKBOX_TRY(hookbox_snapshot_object_at(maps, i, "/metadata/nothing", &nothing));
    INFO("part", {"name", or_nothing(hookbox_json_string(name))}, {"nothing", TRUTH(!hookbox_json_there(nothing))});
  }
  return HOOKBOX_OK;
}

const hookbox_hook contexts_hook = {
    .name = "contexts",
    .config =
        {
            .on_startup = HOOKBOX_ORDER(5),
            .schedule = HOOKBOX_SCHEDULES({.name = "tick", .crontab = "*/5 * * * *"}),
            .kubernetes = HOOKBOX_KUBERNETES({.name = "maps", .api_version = "v1", .kind = "ConfigMap", .jq_filter = ".data.level"},
                                             {.name = "secrets", .api_version = "v1", .kind = "Secret", .jq_filter = ".metadata.name", .group = "both", .drop_full_objects = true}),
        },
    .run = run_contexts,
};
