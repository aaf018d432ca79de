/* JSON as views of its text. Values of the host are JSON; what an author has made himself is checked by
 * hookbox_json_parse. */
#include <stdlib.h>

#include "internal.h"

static bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

const char *hbx_space(const char *at, const char *end) {
  while (at < end && is_space(*at)) at++;
  return at;
}

/* The end of a string that begins at its quote, and whether there are escapes in it. */
static const char *skip_key(const char *at, const char *end, bool *escaped) {
  *escaped = false;
  for (at++; at < end; at++) {
    if (*at == '"') return at + 1;
    if (*at != '\\') continue;
    *escaped = true;
    at++;
  }
  return end;
}

static const char *skip_string(const char *at, const char *end) {
  bool escaped;
  return skip_key(at, end, &escaped);
}

const char *hbx_skip(const char *at, const char *end) {
  size_t open = 0;
  at = hbx_space(at, end);
  while (at < end) {
    char c = *at;
    if (c == '"') {
      at = skip_string(at, end);
    } else if (c == '{' || c == '[') {
      open++;
      at++;
      continue;
    } else if (c == '}' || c == ']') {
      if (open == 0) return at;
      open--;
      at++;
    } else if (open == 0) {
      while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at)) at++;
    } else {
      at++;
      continue;
    }
    if (open == 0) return at;
  }
  return end;
}

hookbox_json_kind hookbox_json_kind_of(hookbox_json value) {
  if (!value.text) return HOOKBOX_JSON_NONE;
  const char *end = value.text + value.len;
  const char *at = hbx_space(value.text, end);
  if (at == end) return HOOKBOX_JSON_NONE;
  switch (*at) {
    case '{': return HOOKBOX_JSON_OBJECT;
    case '[': return HOOKBOX_JSON_ARRAY;
    case '"': return HOOKBOX_JSON_STRING;
    case 't':
    case 'f': return HOOKBOX_JSON_BOOL;
    case 'n': return HOOKBOX_JSON_NULL;
    default: return HOOKBOX_JSON_NUMBER;
  }
}

static unsigned hex(const char *at) {
  unsigned value = 0;
  for (int i = 0; i < 4; i++) {
    char c = at[i];
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : ((unsigned)(c | 32) - 'a' + 10) & 15;
    value = value << 4 | digit;
  }
  return value;
}

static char *encode(char *to, unsigned point) {
  if (point < 0x80) {
    *to++ = (char)point;
  } else if (point < 0x800) {
    *to++ = (char)(0xC0 | point >> 6);
    *to++ = (char)(0x80 | (point & 63));
  } else if (point < 0x10000) {
    *to++ = (char)(0xE0 | point >> 12);
    *to++ = (char)(0x80 | (point >> 6 & 63));
    *to++ = (char)(0x80 | (point & 63));
  } else {
    *to++ = (char)(0xF0 | point >> 18);
    *to++ = (char)(0x80 | (point >> 12 & 63));
    *to++ = (char)(0x80 | (point >> 6 & 63));
    *to++ = (char)(0x80 | (point & 63));
  }
  return to;
}

const char *hbx_unquote(const char *at, const char *end, size_t *len) {
  const char *stop = skip_string(at, end);
  at++;
  if (stop > at) stop--;
  size_t size = (size_t)(stop - at);
  const char *escape = memchr(at, '\\', size);
  if (!escape) {
    if (len) *len = size;
    return hookbox_copy(at, size);
  }
  /* What is escaped is never shorter. */
  char *text = hookbox_alloc(size + 1);
  char *to = text;
  while (at < stop) {
    if (*at != '\\' || at + 1 >= stop) {
      *to++ = *at++;
      continue;
    }
    char c = at[1];
    at += 2;
    switch (c) {
      case 'b': *to++ = '\b'; break;
      case 'f': *to++ = '\f'; break;
      case 'n': *to++ = '\n'; break;
      case 'r': *to++ = '\r'; break;
      case 't': *to++ = '\t'; break;
      case 'u': {
        if (stop - at < 4) {
          at = stop;
          break;
        }
        unsigned point = hex(at);
        at += 4;
        if (point >= 0xD800 && point < 0xDC00 && stop - at >= 6 && at[0] == '\\' && at[1] == 'u') {
          unsigned low = hex(at + 2);
          if (low >= 0xDC00 && low < 0xE000) {
            point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
            at += 6;
          }
        }
        if (point >= 0xD800 && point < 0xE000) point = 0xFFFD;
        to = encode(to, point);
        break;
      }
      default: *to++ = c;
    }
  }
  *to = '\0';
  if (len) *len = (size_t)(to - text);
  return text;
}

hookbox_json_iter hookbox_json_each(hookbox_json value) {
  hookbox_json_kind kind = hookbox_json_kind_of(value);
  if (kind != HOOKBOX_JSON_ARRAY && kind != HOOKBOX_JSON_OBJECT) return (hookbox_json_iter){.index = SIZE_MAX};
  const char *end = value.text + value.len;
  const char *at = hbx_space(value.text, end);
  return (hookbox_json_iter){.index = SIZE_MAX, .at = at, .end = end};
}

/* The next one, whose key stays in its quotes. */
static bool next(hookbox_json_iter *iter, const char **key) {
  *key = NULL;
  if (!iter->at) return false;
  const char *end = iter->end;
  const char *at = hbx_space(iter->at, end);
  bool object = at < end && *at == '{';
  /* At the bracket, before the first; then behind the value before, with or without a key. */
  if (iter->index == SIZE_MAX) {
    iter->key = object ? "" : NULL;
    at = hbx_space(at + 1, end);
  } else {
    object = iter->key != NULL;
    if (at < end && *at == ',') at = hbx_space(at + 1, end);
  }
  if (at >= end || *at == '}' || *at == ']') {
    iter->at = NULL;
    iter->key = NULL;
    iter->value = (hookbox_json){NULL, 0};
    return false;
  }
  if (object) {
    *key = at;
    at = hbx_space(skip_string(at, end), end);
    if (at < end && *at == ':') at++;
    at = hbx_space(at, end);
  }
  const char *stop = hbx_skip(at, end);
  iter->value = (hookbox_json){at, (size_t)(stop - at)};
  iter->at = stop;
  iter->index++;
  return true;
}

bool hookbox_json_next(hookbox_json_iter *iter) {
  const char *key;
  if (!next(iter, &key)) return false;
  if (key) iter->key = hbx_unquote(key, iter->end, &iter->key_len);
  return true;
}

size_t hookbox_json_len(hookbox_json value) {
  size_t len = 0;
  const char *key;
  for (hookbox_json_iter iter = hookbox_json_each(value); next(&iter, &key);) len++;
  return len;
}

const char *hbx_token(const char **rest, size_t *len) {
  const char *at = *rest;
  if (*at != '/') return NULL;
  at++;
  const char *end = at;
  bool escaped = false;
  while (*end && *end != '/') escaped |= *end++ == '~';
  *rest = end;
  *len = (size_t)(end - at);
  if (!escaped) return at;
  char *token = hookbox_alloc(*len + 1);
  size_t to = 0;
  for (; at < end; at++) {
    if (*at == '~' && at + 1 < end && (at[1] == '0' || at[1] == '1')) {
      token[to++] = at[1] == '0' ? '~' : '/';
      at++;
    } else {
      token[to++] = *at;
    }
  }
  token[to] = '\0';
  *len = to;
  return token;
}

/* Whether a key, which is from quote to behind its quote, is this one. */
static bool is_key(const char *key, const char *stop, bool escaped, const char *token, size_t len) {
  size_t size = (size_t)(stop - key) - 2;
  if (!escaped) return size == len && memcmp(key + 1, token, len) == 0;
  const char *text = hbx_unquote(key, stop, &size);
  return size == len && memcmp(text, token, len) == 0;
}

/* Where the value of this key begins in the object that begins at its bracket; NULL if there is none. */
static const char *member(const char *at, const char *end, const char *token, size_t len) {
  at = hbx_space(at + 1, end);
  while (at < end && *at == '"') {
    const char *key = at;
    bool escaped;
    at = skip_key(at, end, &escaped);
    bool found = is_key(key, at, escaped, token, len);
    at = hbx_space(at, end);
    if (at < end && *at == ':') at = hbx_space(at + 1, end);
    if (found) return at;
    at = hbx_space(hbx_skip(at, end), end);
    if (at < end && *at == ',') at = hbx_space(at + 1, end);
  }
  return NULL;
}

/* The index that a token is; SIZE_MAX if it is none. */
static size_t index_of(const char *token, size_t len) {
  if (len == 0 || len > 9 || (len > 1 && token[0] == '0')) return SIZE_MAX;
  size_t index = 0;
  for (size_t i = 0; i < len; i++) {
    if (token[i] < '0' || token[i] > '9') return SIZE_MAX;
    index = index * 10 + (size_t)(token[i] - '0');
  }
  return index;
}

/* Where the value of this index begins in the array that begins at its bracket; NULL if there is none. */
static const char *element(const char *at, const char *end, size_t index) {
  at = hbx_space(at + 1, end);
  while (at < end && *at != ']' && *at != '}') {
    if (index-- == 0) return at;
    at = hbx_space(hbx_skip(at, end), end);
    if (at < end && *at == ',') at = hbx_space(at + 1, end);
  }
  return NULL;
}

hookbox_json hookbox_json_at(hookbox_json value, const char *pointer) {
  const hookbox_json none = {NULL, 0};
  if (!value.text || !pointer) return none;
  const char *rest = pointer;
  const char *end = value.text + value.len;
  const char *at = value.text;
  size_t len;
  const char *token = hbx_token(&rest, &len);
  if (!token) return *rest ? none : value;
  /* Where a value ends on the way does not matter: what is looked for in it ends before. */
  for (; token; token = hbx_token(&rest, &len)) {
    at = hbx_space(at, end);
    char bracket = at < end ? *at : '\0';
    at = bracket == '{' ? member(at, end, token, len) : bracket == '[' ? element(at, end, index_of(token, len)) : NULL;
    if (!at) return none;
  }
  return *rest ? none : (hookbox_json){at, (size_t)(hbx_skip(at, end) - at)};
}

const char *hookbox_json_string_n(hookbox_json value, size_t *len) {
  if (hookbox_json_kind_of(value) != HOOKBOX_JSON_STRING) return NULL;
  const char *end = value.text + value.len;
  return hbx_unquote(hbx_space(value.text, end), end, len);
}

const char *hookbox_json_string(hookbox_json value) { return hookbox_json_string_n(value, NULL); }

bool hookbox_json_double(hookbox_json value, double *into) {
  if (hookbox_json_kind_of(value) != HOOKBOX_JSON_NUMBER) return false;
  char text[64];
  const char *end = value.text + value.len;
  const char *at = hbx_space(value.text, end);
  size_t len = (size_t)(hbx_skip(at, end) - at);
  if (len < sizeof text) {
    memcpy(text, at, len);
    text[len] = '\0';
    *into = strtod(text, NULL);
  } else {
    *into = strtod(hookbox_copy(at, len), NULL);
  }
  return true;
}

/* `*number` times ten to this power, and a digit more; false where that is more than `most`. */
static bool append(uint64_t *number, int64_t power, uint64_t digit, uint64_t most) {
  for (; power > 0 && *number > 0; power--) {
    if (*number > most / 10) return false;
    *number *= 10;
  }
  if (digit > most - *number) return false;
  *number += digit;
  return true;
}

bool hookbox_json_int(hookbox_json value, int64_t *into) {
  if (hookbox_json_kind_of(value) != HOOKBOX_JSON_NUMBER) return false;
  const char *end = value.text + value.len;
  const char *at = hbx_space(value.text, end);
  bool negative = *at == '-', fraction = false;
  const uint64_t most = (uint64_t)INT64_MAX + negative;
  /* 1.0 and 1e3 are integers, too: the digits without the zeros at their end, how many these are, and how many of all of them
   * are behind the point. */
  uint64_t number = 0;
  int64_t zeros = 0, places = 0, exponent = 0;
  for (at += negative; at < end && (*at == '.' || (*at >= '0' && *at <= '9')); at++) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    places += fraction;
    if (*at == '0') {
      zeros++;
    } else {
      if (!append(&number, zeros + 1, (uint64_t)(*at - '0'), most)) return false;
      zeros = 0;
    }
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    at++;
    bool below = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+')) at++;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
      if (exponent < INT64_C(1) << 48) exponent = exponent * 10 + (*at - '0');
    if (below) exponent = -exponent;
  }
  int64_t power = zeros - places + exponent;
  if (number > 0 && (power < 0 || !append(&number, power, 0, most))) return false;
  *into = negative ? (int64_t)(0 - number) : (int64_t)number;
  return true;
}

bool hookbox_json_bool(hookbox_json value, bool *into) {
  if (hookbox_json_kind_of(value) != HOOKBOX_JSON_BOOL) return false;
  *into = *hbx_space(value.text, value.text + value.len) == 't';
  return true;
}

const char *hookbox_json_string_at(hookbox_json value, const char *pointer) {
  return hookbox_json_string(hookbox_json_at(value, pointer));
}

int64_t hookbox_json_int_at(hookbox_json value, const char *pointer, int64_t fallback) {
  hookbox_json_int(hookbox_json_at(value, pointer), &fallback);
  return fallback;
}

double hookbox_json_double_at(hookbox_json value, const char *pointer, double fallback) {
  hookbox_json_double(hookbox_json_at(value, pointer), &fallback);
  return fallback;
}

bool hookbox_json_bool_at(hookbox_json value, const char *pointer, bool fallback) {
  hookbox_json_bool(hookbox_json_at(value, pointer), &fallback);
  return fallback;
}
