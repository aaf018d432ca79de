/* JSON, piece by piece and by a template. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* Text that grows. */
typedef struct {
  char *text;
  size_t len;
  size_t room;
} buffer;

static void begin(buffer *to, size_t room) { *to = (buffer){hbx_keep(NULL, room), 0, room}; }

static void push(buffer *to, const char *text, size_t len) {
  if (len > SIZE_MAX / 8 - to->len) hbx_mistake("a document is too long");
  if (to->room - to->len < len) {
    size_t room = to->room * 2;
    while (room - to->len < len) room *= 2;
    to->text = hbx_keep(to->text, room);
    to->room = room;
  }
  if (len > 0) memcpy(to->text + to->len, text, len);
  to->len += len;
}

static void put(buffer *to, char c) { push(to, &c, 1); }

/* Text as the inside of a string. */
static void escaped(buffer *to, const char *from, size_t len) {
  hbx_string text = hbx_out_n(from, len);
  const char *at = (const char *)text.ptr, *end = at + text.len, *plain = at;
  for (; at < end; at++) {
    unsigned char c = (unsigned char)*at;
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    push(to, plain, (size_t)(at - plain));
    plain = at + 1;
    const char *word = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
    char code[8];
    if (!word) {
      snprintf(code, sizeof code, "\\u%04x", c);
      word = code;
    }
    push(to, word, strlen(word));
  }
  push(to, plain, (size_t)(end - plain));
}

/* The shortest that is read as the same number. */
static void decimal(buffer *to, double number) {
  if (!isfinite(number)) {
    push(to, "null", 4);
    return;
  }
  char text[40];
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (strtod(text, NULL) == number) break;
  }
  push(to, text, strlen(text));
}

struct hookbox_writer {
  buffer out;
  /* The brackets that are open. */
  buffer open;
};

hookbox_writer *hookbox_write(void) {
  hookbox_writer *writer = hookbox_alloc(sizeof *writer);
  /* Here, and not with the first piece: a mark may lie in between. */
  begin(&writer->out, 256);
  begin(&writer->open, 16);
  return writer;
}

static char last(const buffer *of) { return of->len ? of->text[of->len - 1] : '\0'; }

/* What stands before a value or a key. */
static void before(hookbox_writer *writer, bool key) {
  char c = last(&writer->out), in = last(&writer->open);
  bool first = c == '{' || c == '[' || c == '\0';
  if (key && in != '{') hbx_mistake("a key is written that is in no object");
  if (!key && in == '{' && c != ':') hbx_mistake("a value is written in an object without a key");
  if (key && c == ':') hbx_mistake("a key is written where a value belongs");
  if (!in && !first) hbx_mistake("a second value is written behind the first");
  if (!first && c != ':') put(&writer->out, ',');
}

void hookbox_write_object(hookbox_writer *writer) {
  before(writer, false);
  put(&writer->out, '{');
  put(&writer->open, '{');
}

void hookbox_write_array(hookbox_writer *writer) {
  before(writer, false);
  put(&writer->out, '[');
  put(&writer->open, '[');
}

void hookbox_write_end(hookbox_writer *writer) {
  char open = last(&writer->open);
  if (!open) hbx_mistake("more is ended than was begun");
  if (last(&writer->out) == ':') hbx_mistake("an object ends with a key that has no value");
  writer->open.len--;
  put(&writer->out, open == '{' ? '}' : ']');
}

void hookbox_write_key(hookbox_writer *writer, const char *key) { hookbox_write_key_n(writer, key, strlen(key)); }

void hookbox_write_key_n(hookbox_writer *writer, const char *key, size_t len) {
  before(writer, true);
  put(&writer->out, '"');
  escaped(&writer->out, key, len);
  push(&writer->out, "\":", 2);
}

void hookbox_write_string_n(hookbox_writer *writer, const char *text, size_t len) {
  before(writer, false);
  put(&writer->out, '"');
  escaped(&writer->out, text, len);
  put(&writer->out, '"');
}

void hookbox_write_string(hookbox_writer *writer, const char *text) {
  if (text)
    hookbox_write_string_n(writer, text, strlen(text));
  else
    hookbox_write_null(writer);
}

void hookbox_write_int(hookbox_writer *writer, int64_t number) {
  char text[24];
  before(writer, false);
  push(&writer->out, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

void hookbox_write_uint(hookbox_writer *writer, uint64_t number) {
  char text[24];
  before(writer, false);
  push(&writer->out, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)number));
}

void hookbox_write_double(hookbox_writer *writer, double number) {
  before(writer, false);
  decimal(&writer->out, number);
}

void hookbox_write_bool(hookbox_writer *writer, bool value) {
  before(writer, false);
  push(&writer->out, value ? "true" : "false", value ? 4 : 5);
}

void hookbox_write_null(hookbox_writer *writer) {
  before(writer, false);
  push(&writer->out, "null", 4);
}

void hookbox_write_json(hookbox_writer *writer, hookbox_json value) {
  before(writer, false);
  if (value.text && value.len > 0)
    push(&writer->out, value.text, value.len);
  else
    push(&writer->out, "null", 4);
}

static hookbox_json whole(buffer *of) {
  put(of, '\0');
  of->len--;
  return (hookbox_json){of->text, of->len};
}

hookbox_json hookbox_written(hookbox_writer *writer) {
  if (writer->open.len > 0) hbx_mistake("a document is not ended: hookbox_write_end is missing %zu times", writer->open.len);
  if (writer->out.len == 0) hbx_mistake("nothing is written");
  return whole(&writer->out);
}

hookbox_json hookbox_json_of(const char *text) {
  hookbox_writer *writer = hookbox_write();
  hookbox_write_string(writer, text);
  return hookbox_written(writer);
}

hookbox_json hookbox_config_map(const char *ns, const char *name, const hookbox_pair *data) {
  hookbox_writer *w = hookbox_write();
  hookbox_write_object(w);
  hookbox_write_key(w, "apiVersion");
  hookbox_write_string(w, "v1");
  hookbox_write_key(w, "kind");
  hookbox_write_string(w, "ConfigMap");
  hookbox_write_key(w, "metadata");
  hookbox_write_object(w);
  hookbox_write_key(w, "name");
  hookbox_write_string(w, name);
  if (ns) {
    hookbox_write_key(w, "namespace");
    hookbox_write_string(w, ns);
  }
  hookbox_write_end(w);
  if (data) {
    hookbox_write_key(w, "data");
    hookbox_write_object(w);
    for (; data->name; data++) {
      hookbox_write_key(w, data->name);
      hookbox_write_string(w, data->value ? data->value : "");
    }
    hookbox_write_end(w);
  }
  hookbox_write_end(w);
  return hookbox_written(w);
}

/* ---- Templates ---- */

/* A number by the conversion at `*at`, behind the percent sign; false if it is none. */
static bool number(buffer *to, const char **at, va_list *arguments) {
  char text[24];
  const char *c = *at;
  int longs = 0;
  bool size = false;
  while (*c == 'l' && longs < 2) longs++, c++;
  if (*c == 'z' && longs == 0) size = true, c++;
  if (*c == 'd' || *c == 'i') {
    long long value = longs == 2 ? va_arg(*arguments, long long) : longs == 1 ? va_arg(*arguments, long) : size ? (long long)va_arg(*arguments, size_t) : va_arg(*arguments, int);
    snprintf(text, sizeof text, "%lld", value);
  } else if (*c == 'u') {
    unsigned long long value = longs == 2 ? va_arg(*arguments, unsigned long long) : longs == 1 ? va_arg(*arguments, unsigned long) : size ? va_arg(*arguments, size_t) : va_arg(*arguments, unsigned);
    snprintf(text, sizeof text, "%llu", value);
  } else if ((*c == 'g' || *c == 'f') && longs == 0 && !size) {
    decimal(to, va_arg(*arguments, double));
    *at = c + 1;
    return true;
  } else {
    return false;
  }
  push(to, text, strlen(text));
  *at = c + 1;
  return true;
}

hookbox_json hookbox_json_format(const char *format, ...) {
  buffer out;
  begin(&out, 256);
  bool inside = false;
  va_list arguments;
  va_start(arguments, format);
  for (const char *at = format; *at;) {
    if (*at == '\'') {
      inside = !inside;
      put(&out, '"');
      at++;
    } else if (*at == '"' && inside) {
      push(&out, "\\\"", 2);
      at++;
    } else if (*at != '%') {
      put(&out, *at++);
    } else if (at++, *at == '%') {
      put(&out, *at++);
    } else if (*at == 's') {
      const char *text = va_arg(arguments, const char *);
      at++;
      if (inside) {
        escaped(&out, text ? text : "", text ? strlen(text) : 0);
      } else if (text) {
        put(&out, '"');
        escaped(&out, text, strlen(text));
        put(&out, '"');
      } else {
        push(&out, "null", 4);
      }
    } else if (*at == 'j' && !inside) {
      hookbox_json value = va_arg(arguments, hookbox_json);
      at++;
      if (value.text)
        push(&out, value.text, value.len);
      else
        push(&out, "null", 4);
    } else if (*at == 'b' && !inside) {
      bool value = va_arg(arguments, int);
      at++;
      push(&out, value ? "true" : "false", value ? 4 : 5);
    } else if (!number(&out, &at, &arguments)) {
      hbx_mistake("hookbox_json_format has no `%%%c` here: %s", *at, format);
    }
  }
  va_end(arguments);
  hookbox_json made = whole(&out);
  size_t fault = hookbox_json_fault(made.text, made.len);
  if (fault != SIZE_MAX)
    hbx_mistake("hookbox_json_format makes no JSON, from here on: %s\n  of the template: %s", made.text + fault, format);
  return made;
}
