/* The document that a hook's configuration is. */
#include <stdio.h>
#include <string.h>

#include "internal.h"

static void text(hookbox_writer *w, const char *key, const char *value) {
  if (!value) return;
  hookbox_write_key(w, key);
  hookbox_write_string(w, value);
}

static void yes(hookbox_writer *w, const char *key, bool there, bool value) {
  if (!there) return;
  hookbox_write_key(w, key);
  hookbox_write_bool(w, value);
}

static void strings(hookbox_writer *w, const char *key, const char *const *items) {
  if (!items) return;
  hookbox_write_key(w, key);
  hookbox_write_array(w);
  for (; *items; items++) hookbox_write_string(w, *items);
  hookbox_write_end(w);
}

static void labels(hookbox_writer *w, const char *key, hookbox_labels of) {
  if (!of.match && !of.expressions) return;
  hookbox_write_key(w, key);
  hookbox_write_object(w);
  if (of.match) {
    hookbox_write_key(w, "matchLabels");
    hookbox_write_object(w);
    for (const hookbox_pair *pair = of.match; pair->name; pair++) text(w, pair->name, pair->value ? pair->value : "");
    hookbox_write_end(w);
  }
  if (of.expressions) {
    hookbox_write_key(w, "matchExpressions");
    hookbox_write_array(w);
    for (const hookbox_expression *one = of.expressions; one->key; one++) {
      hookbox_write_object(w);
      text(w, "key", one->key);
      text(w, "operator", one->op);
      strings(w, "values", one->values);
      hookbox_write_end(w);
    }
    hookbox_write_end(w);
  }
  hookbox_write_end(w);
}

const char *hbx_binding_name(const hookbox_kubernetes *binding) { return binding->name ? binding->name : "kubernetes"; }

/* A list ends with an element that says nothing: one that only lacks what it cannot do without is a mistake. */
static void complete(bool so, const char *mistake) {
  if (!so) hbx_mistake("%s", mistake);
}

/* Of two bindings with the same name nobody knows which is meant. */
static bool named_once(const hookbox_config *config, const hookbox_kubernetes *binding) {
  size_t times = 0;
  for (const hookbox_kubernetes *one = config->kubernetes; one->kind; one++)
    times += strcmp(hbx_binding_name(one), hbx_binding_name(binding)) == 0;
  return times == 1;
}

/* A binding that says nothing of snapshots has those of all `kubernetes` bindings. */
static void snapshots(hookbox_writer *w, const hookbox_config *config, const char *const *given) {
  if (given) {
    /* The document has no empty list. */
    if (*given) strings(w, "includeSnapshotsFrom", given);
    return;
  }
  bool any = false;
  for (const hookbox_kubernetes *one = config->kubernetes; one && one->kind; one++) {
    if (!named_once(config, one)) continue;
    if (!any) {
      hookbox_write_key(w, "includeSnapshotsFrom");
      hookbox_write_array(w);
    }
    any = true;
    hookbox_write_string(w, hbx_binding_name(one));
  }
  if (any) hookbox_write_end(w);
}

static void schedules(hookbox_writer *w, const hookbox_config *config) {
  if (!config->schedule) return;
  hookbox_write_key(w, "schedule");
  hookbox_write_array(w);
  const hookbox_schedule *end = config->schedule;
  for (const hookbox_schedule *one = end; one->crontab; end = ++one) {
    hookbox_write_object(w);
    text(w, "name", one->name);
    text(w, "crontab", one->crontab);
    yes(w, "allowFailure", one->allow_failure, true);
    text(w, "queue", one->queue);
    text(w, "group", one->group);
    snapshots(w, config, one->include_snapshots_from);
    hookbox_write_end(w);
  }
  complete(!end->name && !end->queue, "a schedule has no crontab");
  hookbox_write_end(w);
}

static void events(hookbox_writer *w, unsigned which) {
  if (!which) return;
  hookbox_write_key(w, "executeHookOnEvent");
  hookbox_write_array(w);
  if (which & HOOKBOX_ADDED) hookbox_write_string(w, "Added");
  if (which & HOOKBOX_MODIFIED) hookbox_write_string(w, "Modified");
  if (which & HOOKBOX_DELETED) hookbox_write_string(w, "Deleted");
  hookbox_write_end(w);
}

static void namespaces(hookbox_writer *w, const char *const *names, hookbox_labels by) {
  if (!names && !by.match && !by.expressions) return;
  hookbox_write_key(w, "namespace");
  hookbox_write_object(w);
  if (names) {
    hookbox_write_key(w, "nameSelector");
    hookbox_write_object(w);
    strings(w, "matchNames", names);
    hookbox_write_end(w);
  }
  labels(w, "labelSelector", by);
  hookbox_write_end(w);
}

static void kubernetes(hookbox_writer *w, const hookbox_config *config) {
  if (!config->kubernetes) return;
  hookbox_write_key(w, "kubernetes");
  hookbox_write_array(w);
  const hookbox_kubernetes *end = config->kubernetes;
  for (const hookbox_kubernetes *one = end; one->kind; end = ++one) {
    hookbox_write_object(w);
    text(w, "name", one->name);
    text(w, "apiVersion", one->api_version);
    text(w, "kind", one->kind);
    events(w, one->events);
    yes(w, "executeHookOnSynchronization", one->skip_synchronization, false);
    yes(w, "waitForSynchronization", one->no_wait_for_synchronization, false);
    yes(w, "keepFullObjectsInMemory", one->drop_full_objects, false);
    yes(w, "metadataOnly", one->metadata_only, true);
    text(w, "jqFilter", one->jq_filter);
    yes(w, "filter", one->filter != NULL, true);
    if (one->names) {
      hookbox_write_key(w, "nameSelector");
      hookbox_write_object(w);
      strings(w, "matchNames", one->names);
      hookbox_write_end(w);
    }
    labels(w, "labelSelector", one->labels);
    if (one->fields) {
      hookbox_write_key(w, "fieldSelector");
      hookbox_write_object(w);
      hookbox_write_key(w, "matchExpressions");
      hookbox_write_array(w);
      for (const hookbox_field *field = one->fields; field->field; field++) {
        hookbox_write_object(w);
        text(w, "field", field->field);
        text(w, "operator", field->op);
        text(w, "value", field->value);
        hookbox_write_end(w);
      }
      hookbox_write_end(w);
      hookbox_write_end(w);
    }
    namespaces(w, one->namespaces, one->namespace_labels);
    yes(w, "allowFailure", one->allow_failure, true);
    text(w, "queue", one->queue);
    text(w, "group", one->group);
    snapshots(w, config, one->include_snapshots_from);
    hookbox_write_end(w);
  }
  complete(!end->name && !end->api_version && !end->jq_filter, "a kubernetes binding has no kind");
  hookbox_write_end(w);
}

static void webhooks(hookbox_writer *w, const char *key, const hookbox_config *config, const hookbox_webhook *of) {
  if (!of) return;
  hookbox_write_key(w, key);
  hookbox_write_array(w);
  for (; of->name; of++) {
    hookbox_write_object(w);
    text(w, "name", of->name);
    if (of->rules) {
      hookbox_write_key(w, "rules");
      hookbox_write_array(w);
      const hookbox_rule *rule = of->rules;
      for (; rule->resources; rule++) {
        hookbox_write_object(w);
        strings(w, "apiGroups", rule->api_groups);
        strings(w, "apiVersions", rule->api_versions);
        strings(w, "operations", rule->operations);
        strings(w, "resources", rule->resources);
        text(w, "scope", rule->scope);
        hookbox_write_end(w);
      }
      complete(!rule->api_groups && !rule->api_versions && !rule->operations, "a rule of a webhook has no resources");
      hookbox_write_end(w);
    }
    text(w, "failurePolicy", of->failure_policy);
    text(w, "sideEffects", of->side_effects);
    if (of->timeout_seconds) {
      hookbox_write_key(w, "timeoutSeconds");
      hookbox_write_int(w, of->timeout_seconds);
    }
    labels(w, "labelSelector", of->labels);
    namespaces(w, NULL, of->namespace_labels);
    if (of->conditions) {
      hookbox_write_key(w, "matchConditions");
      hookbox_write_array(w);
      for (const hookbox_condition *one = of->conditions; one->name; one++) {
        hookbox_write_object(w);
        text(w, "name", one->name);
        text(w, "expression", one->expression);
        hookbox_write_end(w);
      }
      hookbox_write_end(w);
    }
    text(w, "group", of->group);
    snapshots(w, config, of->include_snapshots_from);
    hookbox_write_end(w);
  }
  complete(!of->rules, "a webhook has no name");
  hookbox_write_end(w);
}

static void conversions(hookbox_writer *w, const hookbox_config *config) {
  if (!config->conversion) return;
  hookbox_write_key(w, "kubernetesCustomResourceConversion");
  hookbox_write_array(w);
  const hookbox_conversion *end = config->conversion;
  for (const hookbox_conversion *one = end; one->crd_name; end = ++one) {
    hookbox_write_object(w);
    text(w, "name", one->name);
    text(w, "crdName", one->crd_name);
    hookbox_write_key(w, "conversions");
    hookbox_write_array(w);
    for (const hookbox_versions *versions = one->conversions; versions && versions->from; versions++) {
      hookbox_write_object(w);
      text(w, "fromVersion", versions->from);
      text(w, "toVersion", versions->to);
      hookbox_write_end(w);
    }
    hookbox_write_end(w);
    text(w, "group", one->group);
    snapshots(w, config, one->include_snapshots_from);
    hookbox_write_end(w);
  }
  complete(!end->name && !end->conversions, "a conversion has no crd_name");
  hookbox_write_end(w);
}

hbx_string hbx_config(const hookbox_hook *hook) {
  if (hook->config_text) return hbx_out(hook->config_text);
  const hookbox_config *config = &hook->config;
  hookbox_writer *w = hookbox_write();
  hookbox_write_object(w);
  text(w, "configVersion", "v1");
  if (config->on_startup.set) {
    hookbox_write_key(w, "onStartup");
    hookbox_write_int(w, config->on_startup.order);
  }
  schedules(w, config);
  kubernetes(w, config);
  webhooks(w, "kubernetesValidating", config, config->validating);
  webhooks(w, "kubernetesMutating", config, config->mutating);
  conversions(w, config);
  const hookbox_settings *settings = &config->settings;
  if (settings->min_interval || settings->burst || settings->warm_instance) {
    hookbox_write_key(w, "settings");
    hookbox_write_object(w);
    text(w, "executionMinInterval", settings->min_interval);
    if (settings->min_interval || settings->burst) {
      hookbox_write_key(w, "executionBurst");
      hookbox_write_int(w, settings->burst ? settings->burst : 1);
    }
    if (settings->warm_instance) {
      hookbox_write_key(w, "warmInstance");
      hookbox_write_bool(w, true);
    }
    hookbox_write_end(w);
  }
  if (config->capabilities) {
    hookbox_write_key(w, "capabilities");
    hookbox_write_json(w, hookbox_json_format(config->capabilities));
  }
  hookbox_write_end(w);
  return hbx_out_json(hookbox_written(w));
}
