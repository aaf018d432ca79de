/* Reading the cluster during a run. */
#include "internal.h"

hookbox_error hookbox_cluster_get(hookbox_ref object, hookbox_json *into) {
  hookbox_hook_cluster_option_json_t found = {0};
  hookbox_hook_types_refusal_t refusal;
  hbx_string version = hbx_out(object.api_version), kind = hbx_out(object.kind), name = hbx_out(object.name);
  hbx_string inside = hbx_out(object.ns);
  *into = (hookbox_json){NULL, 0};
  if (version.len == 0) return hbx_left_out("api_version");
  if (!hookbox_hook_cluster_get(&version, &kind, object.ns ? &inside : NULL, &name, &found, &refusal)) return hbx_refused(refusal);
  if (found.is_some) *into = hbx_in_json(found.val);
  return HOOKBOX_OK;
}

hookbox_listing hookbox_cluster_list(hookbox_selection selection) { return (hookbox_listing){.selection = selection}; }

/* The next page; false when there is none. */
static bool turn(hookbox_listing *listing) {
  if (listing->error || (listing->begun && !listing->after)) return false;
  hookbox_hook_cluster_selection_t which = {
      .namespace_ = hbx_maybe(listing->selection.ns),
      .label_selector = hbx_maybe(listing->selection.labels),
      .field_selector = hbx_maybe(listing->selection.fields),
      .limit = {.is_some = listing->selection.limit > 0, .val = listing->selection.limit},
      .after = hbx_maybe(listing->after),
  };
  hookbox_hook_cluster_page_t page = {0};
  hookbox_hook_types_refusal_t refusal;
  hbx_string version = hbx_out(listing->selection.api_version), kind = hbx_out(listing->selection.kind);
  listing->begun = true;
  listing->page_at = listing->page_len = 0;
  if (version.len == 0) {
    listing->error = hbx_left_out("api_version");
    return false;
  }
  if (!hookbox_hook_cluster_list(&version, &kind, &which, &page, &refusal)) {
    listing->error = hbx_refused(refusal);
    return false;
  }
  listing->page = page.objects.ptr;
  listing->page_len = page.objects.len;
  listing->after = page.next.is_some ? hbx_in(page.next.val) : NULL;
  listing->resource_version = page.resource_version.is_some ? hbx_in(page.resource_version.val) : NULL;
  return true;
}

bool hookbox_cluster_next(hookbox_listing *listing, hookbox_json *object) {
  while (listing->page_at == listing->page_len)
    if (!turn(listing)) return false;
  const hbx_string *objects = listing->page;
  *object = hbx_in_json(objects[listing->page_at++]);
  return true;
}
