/* Text to the host and from it. */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

void hbx_mistake(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("hookbox: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  abort();
}

#ifdef __wasm__
/* In place of the C library's: with the file and the line as compilers name them. */
void __assert_fail(const char *what, const char *file, int line, const char *function) HOOKBOX_NEVER_RETURNS;
void __assert_fail(const char *what, const char *file, int line, const char *function) {
  fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, function, what);
  abort();
}
#endif

const char *hookbox_vtext(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int len = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (len < 0) hbx_mistake("this cannot be written as text: %s", format);
  char *text = hookbox_alloc((size_t)len + 1);
  vsnprintf(text, (size_t)len + 1, format, arguments);
  return text;
}

const char *hookbox_text(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *text = hookbox_vtext(format, arguments);
  va_end(arguments);
  return text;
}

const char *hookbox_copy(const char *text, size_t len) {
  char *copy = hookbox_alloc(len + 1);
  if (len > 0) memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}

/* Bytes of the character that begins here; 0 if there is none. */
static size_t character(const unsigned char *at, size_t len) {
  unsigned char first = at[0];
  if (first < 0x80) return 1;
  size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || size > len) return 0;
  unsigned char second = at[1];
  unsigned char least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  unsigned char most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < least || second > most) return 0;
  for (size_t i = 2; i < size; i++)
    if ((at[i] & 0xC0) != 0x80) return 0;
  return size;
}

hbx_string hbx_out_n(const char *text, size_t len) {
  const unsigned char *bytes = (const unsigned char *)text;
  size_t good = 0;
  while (good < len) {
    /* Most of it is ASCII. */
    uint64_t word;
    if (len - good >= sizeof word) {
      memcpy(&word, text + good, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        good += sizeof word;
        continue;
      }
    }
    size_t size = character(bytes + good, len - good);
    if (size == 0) break;
    good += size;
  }
  if (good == len) return (hbx_string){(uint8_t *)text, len};
  if (len > SIZE_MAX / 4) hbx_mistake("a text is too long");
  char *mended = hookbox_alloc(len * 3 + 1);
  size_t to = 0;
  for (size_t at = 0; at < len;) {
    size_t size = character(bytes + at, len - at);
    if (size == 0) {
      memcpy(mended + to, "\xEF\xBF\xBD", 3);
      to += 3;
      at += 1;
    } else {
      memcpy(mended + to, text + at, size);
      to += size;
      at += size;
    }
  }
  mended[to] = '\0';
  return (hbx_string){(uint8_t *)mended, to};
}

char *hbx_escape(char *to, const char *key, size_t len) {
  for (const char *end = key + len; key < end; key++) {
    if (*key == '~' || *key == '/') {
      *to++ = '~';
      *to++ = *key == '~' ? '0' : '1';
    } else {
      *to++ = *key;
    }
  }
  return to;
}

hbx_string hbx_out(const char *text) { return text ? hbx_out_n(text, strlen(text)) : (hbx_string){(uint8_t *)"", 0}; }

hbx_string hbx_out_json(hookbox_json value) {
  return value.text ? hbx_out_n(value.text, value.len) : (hbx_string){(uint8_t *)"", 0};
}

hookbox_bindings_option_string_t hbx_maybe(const char *text) {
  return (hookbox_bindings_option_string_t){.is_some = text != NULL, .val = hbx_out(text)};
}

const char *hbx_in(hbx_string text) {
  if (text.len == 0) return "";
  /* Memory of the arena has room for it. */
  text.ptr[text.len] = '\0';
  return (const char *)text.ptr;
}

hookbox_json hbx_in_json(hbx_string text) { return (hookbox_json){hbx_in(text), text.len}; }

hookbox_strings hbx_in_list(hookbox_bindings_list_string_t list) {
  const char **items = hookbox_alloc((list.len + 1) * sizeof *items);
  for (size_t i = 0; i < list.len; i++) items[i] = hbx_in(list.ptr[i]);
  items[list.len] = NULL;
  return (hookbox_strings){items, list.len};
}

size_t hbx_count(const hookbox_pair *pairs) {
  size_t count = 0;
  while (pairs && pairs[count].name) count++;
  return count;
}
