/* What the real host refuses, this one refuses with the same code: tests/hosts/cases.json of the repository is played on both. */
#include <math.h>
#include <stdlib.h>

#include "host.h"

typedef hookbox_hook_types_refusal_t refusal;

#define NAME 253
#define LABEL 63

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static const char *copy(hbx_string text) { return hookbox_copy((const char *)text.ptr, text.len); }

static hbx_string of_json(hookbox_json value) {
  size_t len = 0;
  const char *text = hookbox_json_string_n(value, &len);
  return (hbx_string){(uint8_t *)text, len};
}

static bool is(hbx_string text, const char *other) { return text.len == strlen(other) && memcmp(text.ptr, other, text.len) == 0; }

static bool begins(hbx_string text, const char *with) { return text.len >= strlen(with) && memcmp(text.ptr, with, strlen(with)) == 0; }

/* Whether it is made of these bytes only. */
static bool made_of(hbx_string text, const char *letters) {
  for (size_t i = 0; i < text.len; i++)
    if (!text.ptr[i] || !strchr(letters, text.ptr[i])) return false;
  return true;
}

/* Where the byte is; the end of the text if it is not there. */
static size_t find(hbx_string text, char c) {
  const uint8_t *at = text.len ? memchr(text.ptr, c, text.len) : NULL;
  return at ? (size_t)(at - text.ptr) : text.len;
}

static hbx_string from(hbx_string text, size_t at) { return (hbx_string){text.ptr + at, text.len - at}; }

static hbx_string until(hbx_string text, size_t end) { return (hbx_string){text.ptr, end}; }

/* The next character of a text, which is UTF-8. */
static uint32_t point(hbx_string text, size_t *at) {
  uint8_t first = text.ptr[(*at)++];
  if (first < 0x80) return first;
  size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  uint32_t found = first & (0x3F >> more);
  for (; more > 0 && *at < text.len; more--) found = found << 6 | (text.ptr[(*at)++] & 0x3F);
  return found;
}

static bool is_control(uint32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

static bool is_space(uint32_t c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static bool has_control(hbx_string text) {
  for (size_t at = 0; at < text.len;)
    if (is_control(point(text, &at))) return true;
  return false;
}

static bool is_blank(hbx_string text) {
  for (size_t at = 0; at < text.len;)
    if (!is_space(point(text, &at))) return false;
  return true;
}

/* ---- JSON ---- */

static bool half_a_character(const char *at, const char *end) {
  for (; at + 1 < end; at++) {
    if (*at != '\\') continue;
    at++;
    if (*at != 'u' || end - at < 5 || (at[1] | 32) != 'd' || at[2] < '8') continue;
    bool first = strchr("89abAB", at[2]) != NULL;
    bool second = end - at >= 11 && at[5] == '\\' && at[6] == 'u' && (at[7] | 32) == 'd' && at[8] >= '8' && !strchr("89abAB", at[8]);
    if (!first || !second) return true;
    at += 10;
  }
  return false;
}

/* What is wrong with a value that is JSON to a parser, and not to the host; NULL if nothing is. */
static const char *fault(hookbox_json value) {
  hookbox_json_kind kind = hookbox_json_kind_of(value);
  double number;
  if (kind == HOOKBOX_JSON_STRING && half_a_character(value.text, value.text + value.len)) return "a string holds half of a character";
  if (kind == HOOKBOX_JSON_NUMBER && hookbox_json_double(value, &number) && !isfinite(number)) return "a number is out of range";
  if (kind != HOOKBOX_JSON_OBJECT && kind != HOOKBOX_JSON_ARRAY) return NULL;
  HOOKBOX_JSON_EACH(item, value) {
    const char *what = fault(item.value);
    if (what) return what;
  }
  if (kind != HOOKBOX_JSON_OBJECT) return NULL;
  if (half_a_character(value.text, value.text + value.len)) return "a key holds half of a character";
  size_t len;
  hbx_member *members = hbx_members(value, &len);
  for (size_t i = 1; i < len; i++)
    if (hbx_by_key(&members[i - 1], &members[i]) == 0) return hookbox_text("the key `%s` is there twice", members[i].key);
  return NULL;
}

bool hbx_read(hbx_string text, hookbox_json *into, refusal *err) {
  size_t open = 0;
  bool inside = false;
  for (size_t i = 0; i < text.len; i++) {
    uint8_t c = text.ptr[i];
    if (inside && c == '\\') i++;
    else if (c == '"') inside = !inside;
    else if (!inside && (c == '}' || c == ']') && open > 0) open--;
    else if (!inside && (c == '{' || c == '[') && ++open > HBX_DEEPEST)
      return hbx_refuse(err, "too-deep", hookbox_text("nested more than %d levels deep", HBX_DEEPEST));
  }
  *into = hookbox_json_parse(copy(text), text.len);
  const char *what = into->text ? fault(*into) : "this is no JSON";
  return what ? hbx_refuse(err, "invalid-json", what) : true;
}

size_t hbx_depth(hookbox_json value) {
  size_t most = 0, open = 0;
  bool inside = false;
  for (size_t i = 0; i < value.len; i++) {
    char c = value.text[i];
    if (inside && c == '\\') i++;
    else if (c == '"') inside = !inside;
    else if (!inside && (c == '}' || c == ']')) open--;
    else if (!inside && (c == '{' || c == '[') && ++open > most) most = open;
  }
  return most;
}

/* The parts of a JSON Pointer; SIZE_MAX when it is none. */
size_t hbx_steps(hbx_string pointer) {
  size_t steps = 0;
  if (pointer.len == 0) return 0;
  if (pointer.ptr[0] != '/' || pointer.len > 8 << 10) return SIZE_MAX;
  for (size_t i = 0; i < pointer.len; i++) {
    if (pointer.ptr[i] == '/') steps++;
    if (pointer.ptr[i] != '~') continue;
    if (i + 1 == pointer.len || (pointer.ptr[i + 1] != '0' && pointer.ptr[i + 1] != '1')) return SIZE_MAX;
  }
  return steps > 128 ? SIZE_MAX : steps;
}

/* ---- Objects ---- */

static bool no_object(refusal *err, const char *field, hbx_string text) {
  return hbx_refuse(err, "invalid-object", hookbox_text("`%s` is not a valid %s", text.ptr ? copy(text) : "", field));
}

/* A name that becomes one part of an address. */
static bool segment(const char *field, hbx_string name, refusal *err) {
  if (name.len == 0 || name.len > NAME || is(name, ".") || is(name, "..")) return no_object(err, field, name);
  for (size_t at = 0; at < name.len;) {
    uint32_t c = point(name, &at);
    if (is_control(c) || is_space(c) || (c < 0x80 && strchr("/%?#\\", (int)c))) return no_object(err, field, name);
  }
  return true;
}

static bool type(const hbx_string *version, hbx_string kind, refusal *err) {
  if (version) {
    size_t slash = find(*version, '/');
    bool grouped = slash < version->len;
    hbx_string group = until(*version, slash), plain = grouped ? from(*version, slash + 1) : *version;
    bool good = plain.len > 0 && made_of(plain, LOWER DIGITS "-") && version->len <= NAME;
    if (grouped) good = good && group.len > 0 && made_of(group, LOWER DIGITS "-.") && !strstr(copy(group), "..");
    if (!good) return no_object(err, "apiVersion such as `apps/v1`", *version);
  }
  if (kind.len == 0 || kind.len > NAME || kind.ptr[0] == '.' || !made_of(kind, LOWER UPPER DIGITS "-.")) return no_object(err, "kind", kind);
  return true;
}

bool hbx_valid_manifest(hookbox_json object, bool always_new, refusal *err) {
  hbx_string version = of_json(hookbox_json_at(object, "/apiVersion"));
  if (!type(&version, of_json(hookbox_json_at(object, "/kind")), err)) return false;
  hookbox_json metadata = hookbox_json_at(object, "/metadata");
  if (hookbox_json_kind_of(metadata) != HOOKBOX_JSON_OBJECT) return hbx_refuse(err, "invalid-object", "the manifest has no `metadata`");
  hookbox_json space = hookbox_json_at(metadata, "/namespace"), name = hookbox_json_at(metadata, "/name");
  hookbox_json generated = hookbox_json_at(metadata, "/generateName");
  hookbox_json_kind kind = hookbox_json_kind_of(space);
  if (kind != HOOKBOX_JSON_NONE && kind != HOOKBOX_JSON_NULL && kind != HOOKBOX_JSON_STRING)
    return hbx_refuse(err, "invalid-object", "`metadata.namespace` is not a string");
  if (of_json(space).len > 0 && !segment("metadata.namespace", of_json(space), err)) return false;
  bool named = name.text && hookbox_json_kind_of(name) != HOOKBOX_JSON_NULL;
  if (named || !generated.text) return segment("metadata.name", of_json(name), err);
  if (!always_new) return hbx_refuse(err, "invalid-object", "`metadata.generateName` always makes a new object: use hookbox_create");
  return segment("metadata.generateName", of_json(generated), err);
}

bool hbx_valid_ref(const hookbox_hook_object_patches_object_ref_t *object, refusal *err) {
  const hbx_string *version = object->api_version.is_some && object->api_version.val.len > 0 ? &object->api_version.val : NULL;
  if (!type(version, object->kind, err)) return false;
  bool inside = object->namespace_.is_some && object->namespace_.val.len > 0;
  if (inside && !segment("namespace", object->namespace_.val, err)) return false;
  return segment("name", object->name, err);
}

bool hbx_valid_options(const hookbox_hook_object_patches_patch_options_t *options, refusal *err) {
  hbx_string name = options->subresource.val;
  if (!options->subresource.is_some || name.len == 0) return true;
  if (name.ptr[0] == '/') name = from(name, 1);
  if (name.len == 0 || name.len > LABEL || !made_of(name, LOWER DIGITS "-")) return no_object(err, "subresource", name);
  return true;
}

static bool no_patch(refusal *err, size_t index, const char *what) {
  return hbx_refuse(err, "invalid-patch", hookbox_text("operation %zu: %s", index, what));
}

static bool is_pointer(hookbox_json value) {
  return hookbox_json_kind_of(value) == HOOKBOX_JSON_STRING && hbx_steps(of_json(value)) != SIZE_MAX;
}

bool hbx_valid_json_patch(hookbox_json patch, refusal *err) {
  if (hookbox_json_kind_of(patch) != HOOKBOX_JSON_ARRAY) return hbx_refuse(err, "invalid-patch", "a JSON patch is an array of operations");
  HOOKBOX_JSON_EACH(item, patch) {
    const char *op = hookbox_json_string_at(item.value, "/op");
    if (hookbox_json_kind_of(item.value) != HOOKBOX_JSON_OBJECT || !op) return no_patch(err, item.index, "no `op`");
    if (!is_pointer(hookbox_json_at(item.value, "/path"))) return no_patch(err, item.index, "`path` is no JSON Pointer");
    bool sets = strcmp(op, "add") == 0 || strcmp(op, "replace") == 0 || strcmp(op, "test") == 0;
    bool moves = strcmp(op, "move") == 0 || strcmp(op, "copy") == 0;
    if (sets && !hookbox_json_at(item.value, "/value").text) return no_patch(err, item.index, "no `value`");
    if (moves && !is_pointer(hookbox_json_at(item.value, "/from"))) return no_patch(err, item.index, "`from` is no JSON Pointer");
    if (!sets && !moves && strcmp(op, "remove") != 0)
      return no_patch(err, item.index, "`op` is none of add, remove, replace, move, copy, test");
  }
  return true;
}

bool hbx_valid_filter(hbx_string filter, refusal *err) {
  bool good = !is_blank(filter) && filter.len <= 64 << 10;
  return good ? true : hbx_refuse(err, "invalid-patch", "a jq filter is neither empty nor longer than 64 KiB");
}

/* ---- Metrics ---- */

static bool is_word(hbx_string text, const char *letters) {
  return text.len > 0 && text.len <= 256 && !strchr(DIGITS, text.ptr[0]) && made_of(text, letters);
}

static bool no_label(refusal *err, hbx_string label, const char *why) {
  return hbx_refuse(err, "invalid-label", hookbox_text("the label `%s` %s", copy(label), why));
}

static bool valid_labels(bool observed, const hookbox_hook_metrics_list_label_t *labels, refusal *err) {
  if (labels->len > 64) return hbx_refuse(err, "invalid-label", "a metric has at most 64 labels");
  for (size_t i = 0; i < labels->len; i++) {
    hbx_string name = labels->ptr[i].f0;
    bool reserved = begins(name, "__") || (observed && is(name, "le"));
    if (reserved || !is_word(name, LOWER UPPER DIGITS "_")) return no_label(err, name, "has no name of a label");
    if (labels->ptr[i].f1.len > 4 << 10) return no_label(err, name, "has more than 4 KiB");
    for (size_t other = 0; other < i; other++)
      if (is(name, copy(labels->ptr[other].f0))) return no_label(err, name, "is there twice");
  }
  return true;
}

bool hbx_valid_metric(const char *action, const hbx_string *name, double value, const hookbox_bindings_list_f64_t *buckets, const hookbox_hook_metrics_list_label_t *labels, const hbx_string *group, refusal *err) {
  if (name) {
    if (!is_word(*name, LOWER UPPER DIGITS "_:")) return hbx_refuse(err, "invalid-metric", hookbox_text("`%s` is not the name of a metric", copy(*name)));
    if (!isfinite(value)) return hbx_refuse(err, "invalid-metric", "the value is not finite");
    if (strcmp(action, "add") == 0 && value < 0) return hbx_refuse(err, "invalid-metric", "a counter cannot go down");
    if (!valid_labels(buckets != NULL, labels, err)) return false;
  }
  bool bounded = !buckets || (buckets->len > 0 && buckets->len <= 200);
  for (size_t i = 0; bounded && buckets && i < buckets->len; i++) bounded = isfinite(buckets->ptr[i]);
  if (!bounded) return hbx_refuse(err, "invalid-buckets", "buckets have 1 to 200 finite bounds");
  if (group && (group->len > NAME || has_control(*group)))
    return hbx_refuse(err, "invalid-metric", hookbox_text("`%s` is not the name of a group", copy(*group)));
  return true;
}

/* ---- The cluster ---- */

static bool no_argument(refusal *err, const char *what) { return hbx_refuse(err, "invalid-argument", what); }

static bool is_label(hbx_string text) { return text.len > 0 && text.len <= LABEL && made_of(text, LOWER DIGITS "-"); }

/* Labels with dots between them. */
static bool is_domain(hbx_string text) {
  for (;;) {
    size_t dot = find(text, '.');
    if (!is_label(until(text, dot))) return false;
    if (dot == text.len) return true;
    text = from(text, dot + 1);
  }
}

bool hbx_valid_read(hbx_string version, hbx_string kind, const hbx_string *inside, refusal *err) {
  size_t slash = find(version, '/');
  bool grouped = slash < version.len;
  bool good = is_label(grouped ? from(version, slash + 1) : version) && (!grouped || (slash <= NAME && is_domain(until(version, slash))));
  if (!good) return no_argument(err, "this is no group and version");
  if (kind.len == 0 || kind.len > LABEL || !made_of(kind, LOWER UPPER DIGITS)) return no_argument(err, "this is no kind");
  return !inside || is_label(*inside) ? true : no_argument(err, "this is no namespace");
}

bool hbx_valid_name(hbx_string name, refusal *err) {
  bool good = name.len > 0 && name.len <= NAME && !is(name, ".") && !is(name, "..");
  for (size_t i = 0; good && i < name.len; i++) good = name.ptr[i] > ' ' && name.ptr[i] < 0x7F && !strchr("/%?#\\", name.ptr[i]);
  return good ? true : no_argument(err, "this is no name of an object");
}

bool hbx_valid_selection(const hookbox_hook_cluster_selection_t *which, refusal *err) {
  const hookbox_bindings_option_string_t *const selectors[] = {&which->label_selector, &which->field_selector};
  for (size_t i = 0; i < 2; i++)
    if (selectors[i]->is_some && selectors[i]->val.len > 4 << 10) return no_argument(err, "the selector has more than 4 KiB");
  if (which->after.is_some && which->after.val.len > 16 << 10) return no_argument(err, "this is no place to go on");
  return true;
}

/* ---- HTTP ---- */

static bool is_token(hbx_string text) { return text.len > 0 && made_of(text, LOWER UPPER DIGITS "!#$%&'*+-.^_`|~"); }

static hbx_string lower(hbx_string text) {
  char *small = (char *)copy(text);
  for (size_t i = 0; i < text.len; i++)
    if (small[i] >= 'A' && small[i] <= 'Z') small[i] |= 32;
  return (hbx_string){(uint8_t *)small, text.len};
}

/* Headers that are the host's to write. */
static bool is_own(hbx_string name) {
  static const char *const own[] = {"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-authenticate",
                                    "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++)
    if (is(lower(name), own[i])) return true;
  return false;
}

/* A number of digits, at most `most`; -1 if it is none. */
static long number(hbx_string text, long most) {
  if (text.len == 0 || text.len > 5 || !made_of(text, DIGITS)) return -1;
  long found = strtol(copy(text), NULL, 10);
  return found <= most ? found : -1;
}

static bool is_ipv4(hbx_string text) {
  for (int part = 0; part < 4; part++) {
    size_t dot = find(text, '.');
    hbx_string digits = until(text, dot);
    if (number(digits, 255) < 0 || (digits.len > 1 && digits.ptr[0] == '0') || (dot == text.len) != (part == 3)) return false;
    text = dot == text.len ? from(text, dot) : from(text, dot + 1);
  }
  return true;
}

static bool is_ipv6(hbx_string text) {
  size_t groups = 0;
  bool gap = false;
  if (begins(text, "::")) gap = true, text = from(text, 2);
  while (text.len > 0) {
    size_t end = find(text, ':');
    hbx_string group = until(text, end);
    if (end == text.len && find(group, '.') < group.len) {
      if (!is_ipv4(group)) return false;
      groups += 2;
      break;
    }
    if (group.len == 0 || group.len > 4 || !made_of(group, DIGITS "abcdefABCDEF")) return false;
    groups++;
    if (end == text.len) break;
    text = from(text, end + 1);
    if (text.len == 0) return false;
    if (text.ptr[0] != ':') continue;
    if (gap) return false;
    gap = true;
    text = from(text, 1);
  }
  return gap ? groups < 8 : groups == 8;
}

static bool is_host(hbx_string host) {
  if (host.len > 0 && host.ptr[host.len - 1] == '.') host.len--;
  host = lower(host);
  size_t last = host.len;
  while (last > 0 && host.ptr[last - 1] != '.') last--;
  hbx_string end = from(host, last);
  bool hex = begins(end, "0x") && made_of(from(end, 2), DIGITS "abcdef");
  if (hex || (end.len > 0 && made_of(end, DIGITS))) return is_ipv4(host);
  /* As names of the cluster, and with `_`. */
  char *plain = (char *)copy(host);
  for (char *at = plain; *at; at++)
    if (*at == '_') *at = '-';
  return host.len <= NAME && is_domain((hbx_string){(uint8_t *)plain, host.len});
}

static bool is_url(hbx_string url) {
  url = until(url, find(url, '#'));
  size_t scheme = begins(url, "http://") ? 7 : begins(url, "https://") ? 8 : 0;
  if (scheme == 0) return false;
  for (size_t i = 0; i < url.len; i++)
    if (url.ptr[i] <= ' ' || url.ptr[i] >= 0x7F || strchr("\"<>\\^`{|}", url.ptr[i])) return false;
  hbx_string to = from(url, scheme);
  to = until(to, find(to, '/'));
  to = until(to, find(to, '?'));
  bool bracketed = begins(to, "[");
  size_t end = bracketed ? find(to, ']') : find(to, ':');
  if (bracketed && end == to.len) return false;
  hbx_string host = bracketed ? until(from(to, 1), end - 1) : until(to, end), port = from(to, bracketed ? end + 1 : end);
  if (port.len > 0 && (port.ptr[0] != ':' || number(from(port, 1), 65535) <= 0)) return false;
  return bracketed ? is_ipv6(host) : is_host(host);
}

bool hbx_valid_request(const hookbox_hook_http_request_t *request, refusal *err) {
  if (!is_token(request->method)) return no_argument(err, "this is no method");
  if (request->url.len > 8 << 10) return no_argument(err, "the URL is longer than 8 KiB");
  size_t size = 0;
  for (size_t i = 0; i < request->headers.len; i++) size += request->headers.ptr[i].f0.len + request->headers.ptr[i].f1.len;
  if (request->headers.len > 100 || size > 16 << 10) return no_argument(err, "the headers are more than 100, or have more than 16 KiB");
  for (size_t i = 0; i < request->headers.len; i++) {
    hbx_string name = request->headers.ptr[i].f0, value = request->headers.ptr[i].f1;
    if (!is_token(name)) return no_argument(err, "this is no name of a header");
    if (is_own(name)) return no_argument(err, hookbox_text("the header %s is the host's to write", copy(name)));
    for (size_t at = 0; at < value.len; at++)
      if ((value.ptr[at] < ' ' && value.ptr[at] != '\t') || value.ptr[at] == 0x7F)
        return no_argument(err, hookbox_text("the header %s has a value that cannot be sent", copy(name)));
  }
  return is_url(request->url) ? true : no_argument(err, hookbox_text("`%s` is no URL of HTTP", copy(request->url)));
}

/* ---- Answers ---- */

static bool is_annotation(hbx_string key) {
  const char *ends = LOWER UPPER DIGITS;
  if (key.len == 0 || key.len > LABEL || !made_of(key, LOWER UPPER DIGITS "-_.")) return false;
  return strchr(ends, key.ptr[0]) && strchr(ends, key.ptr[key.len - 1]);
}

bool hbx_valid_answer(const exports_hookbox_hook_admission_response_t *answer, bool mutates, refusal *err) {
  if (answer->warnings.len > 100 || answer->audit_annotations.len > 100)
    return hbx_refuse(err, "answer", "it has more than 100 warnings or audit annotations");
  for (size_t i = 0; i < answer->audit_annotations.len; i++) {
    hbx_string key = answer->audit_annotations.ptr[i].f0;
    if (!is_annotation(key))
      return hbx_refuse(err, "answer", hookbox_text("the audit annotation `%s` is not made of letters, digits, `-`, `_` and `.`, 63 at most", copy(key)));
  }
  if (!answer->patch.is_some) return true;
  if (!mutates) return hbx_refuse(err, "answer", "it has a patch, but a validating hook changes nothing");
  hookbox_json patch;
  bool list = hbx_read(answer->patch.val, &patch, err) && hookbox_json_kind_of(patch) == HOOKBOX_JSON_ARRAY;
  return list ? true : hbx_refuse(err, "answer", "its patch is no JSON array");
}

bool hbx_valid_converted(const exports_hookbox_hook_conversion_list_json_t *objects, size_t given, refusal *err) {
  if (objects->len != given) return hbx_refuse(err, "answer", hookbox_text("it gave %zu objects for %zu", objects->len, given));
  for (size_t i = 0; i < objects->len; i++) {
    hookbox_json object;
    bool good = hbx_read(objects->ptr[i], &object, err) && hookbox_json_kind_of(object) == HOOKBOX_JSON_OBJECT;
    if (!good) return hbx_refuse(err, "answer", hookbox_text("object %zu is not a JSON object", i));
  }
  return true;
}
