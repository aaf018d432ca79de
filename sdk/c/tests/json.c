/* JSON: reading, writing, changing. */
#define _DEFAULT_SOURCE
#include <float.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hookbox_test.h>

static hookbox_json read_it(const char *text) { return hookbox_json_parse(text, strlen(text)); }

HOOKBOX_TEST(what_is_no_json_is_known_by_its_place) {
  static const struct { const char *text; size_t at; } bad[] = {
      {"", 0}, {"{", 1}, {"[1,]", 3}, {"{\"a\" 1}", 5}, {"{a:1}", 1}, {"01", 1}, {"1.", 2}, {"-", 1}, {"nul", 3}, {"\"a", 2},
      {"\"\\x\"", 2}, {"\"\\u12g4\"", 5}, {"\"\n\"", 1}, {"1 2", 2}, {"[1}", 2}, {"+1", 0}, {"1e", 2}, {"'a'", 0},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    size_t at = hookbox_json_fault(bad[i].text, strlen(bad[i].text));
    hookbox_check(at == bad[i].at, __FILE__, __LINE__, "%s: %zu, and not %zu", bad[i].text, at, bad[i].at);
    HOOKBOX_CHECK(!hookbox_json_there(read_it(bad[i].text)));
  }
  static const char *const good[] = {" 0 ", "-0.5e+10", "[]", "{ }", "[1, [2, {\"a\": null}], true]", "\"\\ud83d\\ude00 \\n\"", "{\"\":\"\"}"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) HOOKBOX_CHECK(hookbox_json_there(read_it(good[i])));
  char deep[202];
  memset(deep, '[', 101);
  memset(deep + 101, ']', 101);
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_parse(deep, 202)));
  HOOKBOX_CHECK(hookbox_json_there(hookbox_json_parse(deep + 1, 200)));
}

HOOKBOX_TEST(parts_are_found_by_pointers) {
  hookbox_json of = read_it("{\"a\": {\"b/c\": [10, {\"~\": \"deep\"}, [ ]], \"\\u0064\": 1, \"\": 2}, \"ab\": 3, \"esc\\\"\": 4, \"l\": [[1,2],[3]]}");
  HOOKBOX_CHECK_JSON(hookbox_json_at(of, "/a/b~1c/0"), "10");
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(of, "/a/b~1c/1/~0"), "deep");
  HOOKBOX_CHECK_JSON(hookbox_json_at(of, "/a/b~1c/2"), "[]");
  HOOKBOX_CHECK_JSON(hookbox_json_at(of, "/a/d"), "1");
  HOOKBOX_CHECK_JSON(hookbox_json_at(of, "/a/"), "2");
  HOOKBOX_CHECK_JSON(hookbox_json_at(of, "/esc\""), "4");
  HOOKBOX_CHECK_JSON(hookbox_json_at(of, "/l/1/0"), "3");
  HOOKBOX_CHECK(hookbox_json_equal(hookbox_json_at(of, ""), of));
  static const char *const missing[] = {"/b", "/a/b", "/a/b~1c/3", "/a/b~1c/00", "/a/b~1c/-", "/a/b~1c/x", "/ab/c", "a", "/a~"};
  for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_at(of, missing[i])));
}

HOOKBOX_TEST(values_are_read_as_what_they_are) {
  hookbox_json of = read_it("{\"s\":\"a\\u00e4\\ud83d\\ude00\\ud800\\t\\\\\\/\",\"i\":-9223372036854775808,\"big\":9223372036854775808,\"one\":1.0,\"e\":12e2,\"half\":0.5,\"t\":true,\"n\":null,\"nul\":\"a\\u0000b\"}");
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(of, "/s"), "a\xC3\xA4\xF0\x9F\x98\x80\xEF\xBF\xBD\t\\/");
  HOOKBOX_CHECK(hookbox_json_int_at(of, "/i", 0) == INT64_MIN);
  HOOKBOX_CHECK(hookbox_json_int_at(of, "/big", 7) == 7);
  HOOKBOX_CHECK(hookbox_json_int_at(of, "/one", 0) == 1);
  HOOKBOX_CHECK(hookbox_json_int_at(of, "/e", 0) == 1200);
  HOOKBOX_CHECK(hookbox_json_int_at(of, "/half", 7) == 7);
  HOOKBOX_CHECK(hookbox_json_double_at(of, "/half", 0) == 0.5);
  HOOKBOX_CHECK(hookbox_json_bool_at(of, "/t", false));
  HOOKBOX_CHECK(!hookbox_json_bool_at(of, "/n", false));
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(of, "/i"), NULL);
  HOOKBOX_CHECK(hookbox_json_kind_of(hookbox_json_at(of, "/n")) == HOOKBOX_JSON_NULL);
  size_t len;
  const char *text = hookbox_json_string_n(hookbox_json_at(of, "/nul"), &len);
  HOOKBOX_CHECK(len == 3 && memcmp(text, "a\0b", 3) == 0);
}

HOOKBOX_TEST(integers_are_read_exactly) {
  static const struct { const char *text; int64_t number; } good[] = {
      {"0", 0}, {"-0", 0}, {"0.00e-5", 0}, {"0e99999999999999999999", 0}, {"1e18", 1000000000000000000}, {"9007199254740993.0", 9007199254740993},
      {"9223372036854775807", INT64_MAX}, {"9223372036854775807.000", INT64_MAX}, {"-9.223372036854775808E+18", INT64_MIN},
      {"-92233720368547758080000e-4", INT64_MIN}, {" 1.20e1 ", 12}, {"1200e-2", 12}, {"0.00012e5", 12}, {"100.0", 100}, {"1010", 1010},
  };
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    int64_t number = 7;
    bool is = hookbox_json_int(read_it(good[i].text), &number);
    hookbox_check(is && number == good[i].number, __FILE__, __LINE__, "%s: %lld", good[i].text, (long long)number);
  }
  static const char *const bad[] = {"0.5", "1e-1", "1.01e1", "9223372036854775808", "-9223372036854775809", "9223372036854775808.0", "1e19", "1e99999999999999999999",
                                    "1e-99999999999999999999", "9007199254740992.5", "100000000000000000000000000", "\"1\"", "true"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    int64_t number = 7;
    hookbox_check(!hookbox_json_int(read_it(bad[i]), &number) && number == 7, __FILE__, __LINE__, "%s: %lld", bad[i], (long long)number);
  }
}

HOOKBOX_TEST(a_nul_in_a_key_is_kept) {
  hookbox_json of = read_it("{\"a\\u0000b\": 1, \"a\": 2, \"a\\u0000c\": {\"x\": 1}}");
  hookbox_json_iter first = hookbox_json_each(of);
  HOOKBOX_CHECK(hookbox_json_next(&first) && first.key_len == 3 && memcmp(first.key, "a\0b", 3) == 0);
  HOOKBOX_CHECK_TEXT(hookbox_json_remove(of, "/a").text, "{\"a\\u0000b\":1,\"a\\u0000c\":{\"x\": 1}}");
  hookbox_json other = read_it("{\"a\\u0000b\": 1, \"a\": 3, \"a\\u0000c\": {\"x\": 2}, \"d\\u0000\": 4}");
  HOOKBOX_CHECK(!hookbox_json_equal(of, other));
  HOOKBOX_CHECK_TEXT(hookbox_json_diff(of, other).text,
                     "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":3},{\"op\":\"replace\",\"path\":\"/a\\u0000c/x\",\"value\":2},"
                     "{\"op\":\"add\",\"path\":\"/d\\u0000\",\"value\":4}]");
}

HOOKBOX_TEST(arrays_and_objects_are_gone_through) {
  hookbox_json of = read_it(" { \"a\" : [ 1 , 2 , {\"x\":[]} ] , \"b\\n\" : {} } ");
  const char *keys = "";
  HOOKBOX_JSON_EACH(item, of) keys = hookbox_text("%s%zu%s", keys, item.index, item.key);
  HOOKBOX_CHECK_TEXT(keys, "0a1b\n");
  size_t sum = 0;
  HOOKBOX_JSON_EACH(item, hookbox_json_at(of, "/a")) {
    HOOKBOX_CHECK(item.key == NULL);
    sum += item.value.len;
  }
  HOOKBOX_CHECK(sum == 1 + 1 + 8);
  HOOKBOX_CHECK(hookbox_json_len(of) == 2 && hookbox_json_len(hookbox_json_at(of, "/a")) == 3);
  HOOKBOX_CHECK(hookbox_json_len(hookbox_json_at(of, "/b\n")) == 0 && hookbox_json_len(read_it("3")) == 0);
  HOOKBOX_JSON_EACH(item, read_it("[]")) HOOKBOX_CHECK(false);
  HOOKBOX_JSON_EACH(item, ((hookbox_json){NULL, 0})) HOOKBOX_CHECK(false);
}

HOOKBOX_TEST(values_are_written_by_templates) {
  hookbox_json made = hookbox_json_format("{'a': %s, 'n': %s, 'in %s%%': '%s-%d \"x\"', 'l': [%d, %lld, %zu, %u, %g], 'b': %b, 'j': %j, 'none': %j}",
                                          "q\"\\\n\x01", (char *)NULL, "key", "v'", -3, 1, -5LL, (size_t)7, 8u, 0.1, true,
                                          hookbox_json_format("[]"), ((hookbox_json){NULL, 0}));
  HOOKBOX_CHECK(hookbox_json_there(hookbox_json_parse(made.text, made.len)));
  HOOKBOX_CHECK_TEXT(made.text, "{\"a\": \"q\\\"\\\\\\n\\u0001\", \"n\": null, \"in key%\": \"v'--3 \\\"x\\\"\", \"l\": [1, -5, 7, 8, 0.1], \"b\": true, \"j\": [], \"none\": null}");
  HOOKBOX_CHECK_TEXT(hookbox_json_of("a\xFFz\xE2\x82").text, "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

HOOKBOX_TEST(values_are_written_piece_by_piece) {
  hookbox_writer *w = hookbox_write();
  hookbox_write_object(w);
  hookbox_write_key(w, "list");
  hookbox_write_array(w);
  hookbox_write_int(w, INT64_MIN);
  hookbox_write_double(w, 1.0 / 3);
  hookbox_write_double(w, 1e300 * 1e300);
  hookbox_write_string(w, NULL);
  hookbox_write_object(w);
  hookbox_write_end(w);
  hookbox_write_end(w);
  hookbox_write_key(w, "b");
  hookbox_write_bool(w, false);
  hookbox_write_end(w);
  hookbox_json made = hookbox_written(w), again = hookbox_written(w);
  HOOKBOX_CHECK(again.len == made.len && strlen(made.text) == made.len);
  HOOKBOX_CHECK_TEXT(made.text, "{\"list\":[-9223372036854775808,0.3333333333333333,null,null,{}],\"b\":false}");
  double back;
  HOOKBOX_CHECK(hookbox_json_double(hookbox_json_at(made, "/list/1"), &back) && back == 1.0 / 3);
  /* Long ones, with other memory taken in between. */
  w = hookbox_write();
  hookbox_write_array(w);
  for (int i = 0; i < 20000; i++) {
    hookbox_write_string(w, "0123456789");
    if (i % 1000 == 0) hookbox_alloc(100);
  }
  hookbox_write_end(w);
  made = hookbox_written(w);
  HOOKBOX_CHECK(hookbox_json_len(made) == 20000 && hookbox_json_fault(made.text, made.len) == SIZE_MAX);
}

HOOKBOX_TEST(nothing_is_written_behind_a_value) {
  /* A mistake ends the program, as a trap does. */
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    fclose(stderr);
    hookbox_writer *w = hookbox_write();
    hookbox_write_string(w, "a");
    hookbox_written(w);
    hookbox_write_string(w, "b");
    _exit(0);
  }
  int how = 0;
  HOOKBOX_CHECK(waitpid(child, &how, 0) == child && WIFSIGNALED(how));
}

HOOKBOX_TEST(documents_are_changed_in_copies) {
  hookbox_json of = read_it("{\"a\": {\"x\": 1, \"y\": [1, 2]}, \"e\": {}, \"l\": []}");
  hookbox_json two = hookbox_json_format("2");
  HOOKBOX_CHECK_JSON(hookbox_json_set(of, "/a/x", two), "{'a': {'x': 2, 'y': [1, 2]}, 'e': {}, 'l': []}");
  HOOKBOX_CHECK_JSON(hookbox_json_set(of, "/a/n~1\"", two), "{'a': {'x': 1, 'y': [1, 2], 'n/\"': 2}, 'e': {}, 'l': []}");
  HOOKBOX_CHECK_JSON(hookbox_json_set(of, "/e/k", two), "{'a': {'x': 1, 'y': [1, 2]}, 'e': {'k': 2}, 'l': []}");
  HOOKBOX_CHECK_JSON(hookbox_json_set(of, "/a/y/-", two), "{'a': {'x': 1, 'y': [1, 2, 2]}, 'e': {}, 'l': []}");
  HOOKBOX_CHECK_JSON(hookbox_json_set(of, "/l/0", two), "{'a': {'x': 1, 'y': [1, 2]}, 'e': {}, 'l': [2]}");
  HOOKBOX_CHECK_JSON(hookbox_json_set(of, "", two), "2");
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_set(of, "/no/k", two)));
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_set(of, "/a/y/7", two)));
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_set(of, "/a/x/z", two)));
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_set(of, "a", two)));
  HOOKBOX_CHECK_JSON(hookbox_json_remove(of, "/a"), "{'e': {}, 'l': []}");
  HOOKBOX_CHECK_JSON(hookbox_json_remove(of, "/l"), "{'a': {'x': 1, 'y': [1, 2]}, 'e': {}}");
  HOOKBOX_CHECK_JSON(hookbox_json_remove(of, "/a/y/0"), "{'a': {'x': 1, 'y': [2]}, 'e': {}, 'l': []}");
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_remove(of, "/a/z")));
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_remove(of, "")));
}

HOOKBOX_TEST(a_difference_is_as_small_as_can_be) {
  hookbox_json before = read_it("{\"b\":{\"x\":1,\"y\":{\"z\":[1]}},\"a/b\":1,\"same\":{\"p\":1,\"q\":\"\\u00e4\"},\"gone\":0}");
  hookbox_json after = read_it("{\"same\":{\"q\":\"\xC3\xA4\",\"p\":1},\"a/b\":2,\"b\":{\"y\":{\"z\":[1,2]},\"x\":1},\"n\":null}");
  HOOKBOX_CHECK_JSON(hookbox_json_diff(before, after),
                     "[{'op':'replace','path':'/a~1b','value':2},{'op':'replace','path':'/b/y/z','value':[1,2]},"
                     "{'op':'remove','path':'/gone'},{'op':'add','path':'/n','value':null}]");
  HOOKBOX_CHECK_JSON(hookbox_json_diff(before, before), "[]");
  HOOKBOX_CHECK_JSON(hookbox_json_diff(read_it("1"), read_it("{}")), "[{'op':'replace','path':'','value':{}}]");
  HOOKBOX_CHECK(!hookbox_json_there(hookbox_json_diff(before, (hookbox_json){NULL, 0})));
  HOOKBOX_CHECK(!hookbox_json_equal(read_it("1"), read_it("1.0")));
  HOOKBOX_CHECK(!hookbox_json_equal(read_it("[1]"), read_it("[1,2]")) && !hookbox_json_equal(read_it("{\"a\":1}"), read_it("{\"b\":1}")));
}

HOOKBOX_TEST(memory_is_given_back_to_a_mark) {
  hookbox_copy("before", 6);
  hookbox_marked mark = hookbox_mark();
  char *first = hookbox_alloc(10);
  for (int i = 0; i < 100; i++) memset(hookbox_alloc(100000), 1, 100000);
  hookbox_release(mark);
  HOOKBOX_CHECK(hookbox_alloc(10) == first);
}

HOOKBOX_TEST(a_document_grows_over_a_release) {
  hookbox_writer *names = hookbox_write();
  hookbox_write_array(names);
  for (int i = 0; i < 200; i++) {
    hookbox_marked mark = hookbox_mark();
    hookbox_write_string(names, hookbox_text("name-%d", i));
    hookbox_release(mark);
    memset(hookbox_alloc(600), 'x', 600);
  }
  hookbox_write_end(names);
  hookbox_json written = hookbox_written(names);
  HOOKBOX_CHECK(hookbox_json_len(written) == 200);
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(written, "/0"), "name-0");
  HOOKBOX_CHECK_TEXT(hookbox_json_string_at(written, "/199"), "name-199");
}

HOOKBOX_TEST(a_document_that_is_only_begun_grows_over_a_release) {
  hookbox_writer *names = hookbox_write();
  hookbox_marked mark = hookbox_mark();
  hookbox_write_object(names);
  hookbox_write_key(names, "list");
  for (int i = 0; i < 40; i++) hookbox_write_array(names);
  hookbox_release(mark);
  hookbox_writer *other = hookbox_write();
  for (int i = 0; i < 40; i++) hookbox_write_array(other);
  for (int i = 0; i < 41; i++) hookbox_write_end(names);
  HOOKBOX_CHECK(hookbox_json_there(hookbox_json_at(hookbox_written(names), "/list/0/0")));
  /* Of those that were begun after it, the older one goes too; that before the mark was moved meanwhile. */
  hookbox_writer *before = hookbox_write();
  hookbox_write_array(before);
  mark = hookbox_mark();
  hookbox_json first = hookbox_json_format("[1]"), second = hookbox_json_format("[2]");
  for (int i = 0; i < 1000; i++) hookbox_write_json(before, i % 2 ? first : second);
  hookbox_release(mark);
  for (int i = 0; i < 1000; i++) hookbox_write_json(before, hookbox_json_format("[]"));
  hookbox_write_end(before);
  HOOKBOX_CHECK(hookbox_json_len(hookbox_written(before)) == 2000);
}

#ifdef __linux__
#include <sys/resource.h>

/* MiB that the process had at once. */
static long most(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss >> 10;
}

HOOKBOX_TEST(memory_of_documents_is_given_back_to_a_mark) {
  static char spaces[1 << 20];
  memset(spaces, ' ', sizeof spaces);
  long before = most();
  for (int i = 0; i < 1000; i++) {
    hookbox_marked mark = hookbox_mark();
    hookbox_writer *w = hookbox_write();
    hookbox_write_json(w, (hookbox_json){spaces, sizeof spaces});
    hookbox_written(w);
    hookbox_release(mark);
    /* Sanitizers hold back some of what is freed. */
    HOOKBOX_CHECK(most() - before < 600);
  }
}
#endif
