/* What the parts of the host for tests share. */
#ifndef HOOKBOX_HOST_H
#define HOOKBOX_HOST_H

#include "../src/internal.h"
#include "hookbox_test.h"

/* The objects of a binding. */
struct snapshot {
  const char *binding;
  hookbox_entry *entries;
  size_t len;
};

/* What is answered to requests for a URL. */
struct answer {
  const char *url;
  unsigned status;
  const hookbox_pair *headers;
  const char *body;
};

/* One of all that there is in a test. All of it lives in the arena, until the test is over. */
struct host {
  struct snapshot *snapshots;
  size_t snapshots_len;
  hookbox_json *objects;
  size_t objects_len;
  struct answer *answers;
  size_t answers_len;
  hookbox_test_context *contexts;
  size_t contexts_len;
  hookbox_test_patch *patches;
  hookbox_test_metric *metrics;
  hookbox_test_record *log;
  hookbox_test_request *requests;
  hookbox_test_effects asked;
  hookbox_json values;
  hookbox_json config_values;
  /* Resources that the hook holds. */
  size_t held;
};
extern struct host hbx_host;

/* Begins a test. */
void hbx_host_reset(void);
/* Room for one more element of a list. */
void *hbx_more(void *list, size_t len, size_t size);
/* A copy, of which the hook may do what it likes. */
hbx_string hbx_give(const char *text);
hbx_string hbx_give_json(hookbox_json value);
/* Refuses a call. */
bool hbx_refuse(hookbox_hook_types_refusal_t *refusal, const char *code, const char *message);

#endif
