/* Whether a text is JSON, as RFC 8259 has it. */
#include "internal.h"

typedef struct {
  const char *at;
  const char *end;
} text;

static void space(text *t) { t->at = hbx_space(t->at, t->end); }

static bool take(text *t, char c) {
  if (t->at >= t->end || *t->at != c) return false;
  t->at++;
  return true;
}

static bool word(text *t, const char *what) {
  for (; *what; what++)
    if (!take(t, *what)) return false;
  return true;
}

static bool digits(text *t) {
  const char *from = t->at;
  while (t->at < t->end && *t->at >= '0' && *t->at <= '9') t->at++;
  return t->at > from;
}

static bool number(text *t) {
  take(t, '-');
  if (!take(t, '0') && !digits(t)) return false;
  if (take(t, '.') && !digits(t)) return false;
  if (t->at < t->end && (*t->at == 'e' || *t->at == 'E')) {
    t->at++;
    if (!take(t, '+')) take(t, '-');
    if (!digits(t)) return false;
  }
  return true;
}

static bool string(text *t) {
  if (!take(t, '"')) return false;
  while (t->at < t->end) {
    char c = *t->at;
    if (c == '"') {
      t->at++;
      return true;
    }
    if ((unsigned char)c < 0x20) return false;
    t->at++;
    if (c != '\\') continue;
    if (t->at >= t->end || !*t->at || !strchr("\"\\/bfnrtu", *t->at)) return false;
    if (*t->at++ != 'u') continue;
    for (int i = 0; i < 4; i++, t->at++)
      if (t->at >= t->end || !*t->at || !strchr("0123456789abcdefABCDEF", *t->at)) return false;
  }
  return false;
}

static bool value(text *t, int depth) {
  space(t);
  if (t->at >= t->end) return false;
  switch (*t->at) {
    case '"': return string(t);
    case 't': return word(t, "true");
    case 'f': return word(t, "false");
    case 'n': return word(t, "null");
    case '{':
    case '[': {
      if (depth >= HBX_DEEPEST) return false;
      bool object = *t->at++ == '{';
      char close = object ? '}' : ']';
      space(t);
      if (take(t, close)) return true;
      do {
        if (object) {
          space(t);
          if (!string(t)) return false;
          space(t);
          if (!take(t, ':')) return false;
        }
        if (!value(t, depth + 1)) return false;
        space(t);
      } while (take(t, ','));
      return take(t, close);
    }
    default: return number(t);
  }
}

size_t hookbox_json_fault(const char *from, size_t len) {
  text t = {from, from + len};
  if (value(&t, 0)) {
    space(&t);
    if (t.at == t.end) return SIZE_MAX;
  }
  return (size_t)(t.at - from);
}

hookbox_json hookbox_json_parse(const char *from, size_t len) {
  if (!from || hookbox_json_fault(from, len) != SIZE_MAX) return (hookbox_json){NULL, 0};
  const char *at = hbx_space(from, from + len);
  return (hookbox_json){at, (size_t)(hbx_skip(at, from + len) - at)};
}
