/* The generated bindings, with memory of the arena: what they give back there is given back as a whole. */
#ifdef __wasm__
#include <stdlib.h>

#include "internal.h"

/* The bindings want an object file with the contract in it; `hookbox build` puts it into the module. */
void __component_type_object_force_link_hookbox_bindings(void) {}

#define free(pointer) ((void)(pointer))
#include "bindings/hookbox_bindings.c"
#endif
