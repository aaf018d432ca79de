/* Memory for what the host passes in. */
#ifdef __wasm__
#include <stdlib.h>

#include "internal.h"

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  /* What is passed in first is of the next call. */
  hbx_begin();
  return hbx_realloc(old, old_size, align, size);
}

/* What stands between this module and WASI keeps its own things for as long as the instance lives. */
__attribute__((export_name("cabi_realloc_adapter"))) void *cabi_realloc_adapter(void *old, size_t old_size, size_t align, size_t size) {
  (void)old;
  (void)old_size;
  void *taken = aligned_alloc(align, size);
  if (!taken) abort();
  return taken;
}
#endif
