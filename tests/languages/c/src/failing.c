// Failing, in every way.
#include <assert.h>
#include <string.h>

#include "hooks.h"

// Fails as its config values say, after it asked for changes.
static hookbox_error run_fail(const hookbox_input *in) {
  (void)in;
  HOOKBOX_TRY(hookbox_create(hookbox_config_map("default", "never", NULL)));
  HOOKBOX_TRY(hookbox_merge_patch((hookbox_ref){.api_version = "v1", .kind = "Node", .name = "n1"}, hookbox_json_format("{'status': {'phase': 'Failed'}}"),
                                  (hookbox_patch_options){.subresource = "status", .ignore_hook_error = true}));
  hookbox_log(HOOKBOX_DEBUG, "a detail", HOOKBOX_PAIRS({"of", "debug"}));
  hookbox_log(HOOKBOX_WARN, "about to fail", NULL);
  hookbox_log(HOOKBOX_ERROR, "now", HOOKBOX_PAIRS({"code", "7"}));
  hookbox_json found;
  HOOKBOX_TRY(hookbox_config_values_get("/how", &found));
  const char *how = or_nothing(hookbox_json_string(found));
  if (strcmp(how, "plain") == 0) return hookbox_fail("it did not work");
  if (strcmp(how, "after") == 0) return hookbox_retry_after(1500, hookbox_fail("not yet"));
  if (strcmp(how, "never") == 0) return hookbox_never_retry(hookbox_fail("this will not work"));
  assert(strcmp(how, "panic") != 0);  // panics here
  return HOOKBOX_OK;
}

const hookbox_hook fail_hook = {.name = "fail", .config = {.on_startup = HOOKBOX_ORDER(6)}, .run = run_fail};
