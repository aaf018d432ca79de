/* Objects cut down to the fields that a hook names, as the real host does it. */
#include <string.h>

#include "host.h"

/* Most fields that may be named. */
#define FIELDS 256

/* A tree of keys. */
struct hbx_fields {
  const char *key;
  size_t len;
  /* All of what is here, whatever is named below. */
  bool whole;
  hbx_fields *below;
  hbx_fields *next;
};

static const hbx_fields everything = {.whole = true};

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }

static bool is_same(const hbx_fields *field, const char *key, size_t len, bool ignore_case) {
  if (field->len != len) return false;
  for (size_t i = 0; i < len; i++)
    if (ignore_case ? lower(field->key[i]) != lower(key[i]) : field->key[i] != key[i]) return false;
  return true;
}

static hbx_fields *find(const hbx_fields *fields, const char *key, size_t len, bool ignore_case) {
  for (hbx_fields *one = fields->below; one; one = one->next)
    if (is_same(one, key, len, ignore_case)) return one;
  return NULL;
}

static hbx_fields *make(hbx_fields next) {
  hbx_fields *made = hookbox_alloc(sizeof *made);
  *made = next;
  return made;
}

const hbx_fields *hbx_named(const hookbox_bindings_list_string_t *names, bool ignore_case, hookbox_hook_types_refusal_t *err) {
  if (names->len > FIELDS) {
    hbx_refuse(err, "invalid-pointer", hookbox_text("%zu fields are named, at most %d are allowed", names->len, FIELDS));
    return NULL;
  }
  hbx_fields *all = make((hbx_fields){.whole = false});
  for (size_t i = 0; i < names->len; i++) {
    const char *name = hookbox_copy((const char *)names->ptr[i].ptr, names->ptr[i].len);
    if (hbx_steps(names->ptr[i]) == SIZE_MAX) {
      hbx_refuse(err, "invalid-pointer", hookbox_text("`%s` is no JSON Pointer", name));
      return NULL;
    }
    hbx_fields *at = all;
    size_t len;
    for (const char *key; (key = hbx_token(&name, &len));) {
      hbx_fields *below = find(at, key, len, ignore_case);
      if (!below) below = at->below = make((hbx_fields){.key = key, .len = len, .next = at->below});
      at = below;
    }
    at->whole = true;
  }
  return all;
}

/* What is kept under a key, which is there with its quotes. */
static const hbx_fields *below(const hbx_fields *fields, const char *key, const char *end, bool ignore_case) {
  size_t len = (size_t)(end - key) - 2;
  bool escaped = memchr(key, '\\', len + 1) != NULL;
  if (ignore_case) {
    /* Which other letters are the same in another case is for the hook to say. */
    for (size_t i = 0; i < len; i++) escaped |= (unsigned char)key[i + 1] >= 0x80;
    return escaped ? &everything : find(fields, key + 1, len, true);
  }
  const char *text = escaped ? hbx_unquote(key, end, &len) : key + 1;
  return find(fields, text, len, false);
}

static const char *put(const char *at, const char *end, char **to) {
  memcpy(*to, at, (size_t)(end - at));
  *to += end - at;
  return end;
}

/* Writes what is left of the value that begins at `at`: where it ends. */
static const char *cut(const char *at, const char *end, const hbx_fields *fields, bool ignore_case, char **to) {
  at = hbx_space(at, end);
  if (at == end || fields->whole || (*at != '{' && *at != '[')) return put(at, hbx_skip(at, end), to);
  bool object = *at == '{', first = true;
  for (at = put(at, at + 1, to); at < end;) {
    at = hbx_space(at, end);
    if (at == end) break;
    if (*at == '}' || *at == ']') return put(at, at + 1, to);
    if (*at == ',') {
      at++;
      continue;
    }
    const hbx_fields *kept = fields;
    const char *key = at;
    if (object) {
      at = hbx_skip(at, end);
      kept = below(fields, key, at, ignore_case);
    }
    if (kept && !first) *(*to)++ = ',';
    if (kept) first = false;
    if (object) {
      if (kept) put(key, at, to);
      at = hbx_space(at, end);
      if (kept) put(at, at + 1, to);
      at++;
    }
    at = kept ? cut(at, end, kept, ignore_case, to) : hbx_skip(at, end);
  }
  return end;
}

hookbox_json hbx_cut(hookbox_json object, const hbx_fields *fields, bool ignore_case) {
  /* What is no JSON stays as it is, as on the real host. */
  if (!object.text || hookbox_json_fault(object.text, object.len) != SIZE_MAX) return object;
  char *text = hookbox_alloc(object.len + 1), *to = text;
  cut(object.text, object.text + object.len, fields, ignore_case, &to);
  *to = '\0';
  return (hookbox_json){text, (size_t)(to - text)};
}
