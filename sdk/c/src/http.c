/* HTTP during a run. */
#include "internal.h"

hookbox_error hookbox_http_send(hookbox_http_request request, hookbox_http_response *response) {
  size_t len = hbx_count(request.headers);
  hookbox_hook_http_header_t *headers = hookbox_alloc(len * sizeof *headers + 1);
  for (size_t i = 0; i < len; i++) headers[i] = (hookbox_hook_http_header_t){hbx_out(request.headers[i].name), hbx_out(request.headers[i].value)};
  const char *method = request.method ? request.method : request.body ? "POST" : "GET";
  hookbox_hook_http_request_t raw = {
      .method = hbx_out(method),
      .url = hbx_out(request.url),
      .headers = {headers, len},
      .body = {.is_some = request.body != NULL, .val = {(uint8_t *)request.body, request.body ? request.body_len : 0}},
      .timeout = {.is_some = request.timeout_ms > 0, .val = request.timeout_ms},
      .limit = {.is_some = request.limit > 0, .val = request.limit},
  };
  hookbox_hook_http_response_t answer;
  hookbox_hook_types_refusal_t refusal;
  *response = (hookbox_http_response){0};
  if (!hookbox_hook_http_send(&raw, &answer, &refusal)) return hbx_refused(refusal);
  hookbox_pair *given = hookbox_alloc((answer.headers.len + 1) * sizeof *given);
  for (size_t i = 0; i < answer.headers.len; i++) given[i] = (hookbox_pair){hbx_in(answer.headers.ptr[i].f0), hbx_in(answer.headers.ptr[i].f1)};
  given[answer.headers.len] = (hookbox_pair){NULL, NULL};
  hbx_string body = {answer.body.ptr, answer.body.len};
  *response = (hookbox_http_response){.status = answer.status, .headers = given, .body = hbx_in(body), .body_len = body.len};
  return HOOKBOX_OK;
}

const char *hookbox_http_header(const hookbox_http_response *response, const char *name) {
  for (const hookbox_pair *pair = response->headers; pair && pair->name; pair++)
    if (strcmp(pair->name, name) == 0) return pair->value;
  return NULL;
}
