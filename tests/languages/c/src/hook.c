#include "hooks.h"

HOOKBOX_HOOKS(&reconcile_hook, &filtered_hook, &values_hook, &metrics_hook, &patches_hook, &contexts_hook, &review_hook, &change_hook, &convert_hook, &fetch_hook, &read_hook, &fail_hook);
