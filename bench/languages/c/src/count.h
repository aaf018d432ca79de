// What is counted of Pods: the same code in the hook and in the native program.
#include <hookbox.h>

typedef struct counts {
  struct {
    const char *node;
    int count;
  } running[64];
  size_t nodes;
  size_t letters;
} counts;

void counts_add(counts *counts, hookbox_json pod);
const char *counts_text(counts *counts);
