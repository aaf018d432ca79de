// hookbox.hpp, by what a hook does with it. C++17, without exceptions and run-time types.
#include <map>
#include <string>

#include <hookbox.hpp>
#include <hookbox_test.h>

using hookbox::json;

static json read_it(const char *text) { return json::parse(text); }

static const char *copied(std::string_view text) { return hookbox_copy(text.data(), text.size()); }

extern "C" hookbox_error counts(const hookbox_input *);

hookbox_error counts(const hookbox_input *) {
  std::map<std::string, int> by_app;
  hookbox::snapshot pods("pods");
  HOOKBOX_CHECK(!hookbox::snapshot("none") && hookbox::snapshot("none").size() == 0);
  HOOKBOX_CHECK(pods && pods.size() == 3 && !pods.at(3));
  HOOKBOX_CHECK(pods.at(1)->object.at("/metadata/name").string() == "b");
  for (hookbox::entry pod : pods.fields({"/metadata/labels", "/spec/nodeName"})) {
    HOOKBOX_CHECK(!pod.filter_result && !pod.object.at("/metadata/name"));
    if (auto app = pod.object.at("/metadata/labels/app").string()) by_app[std::string(*app)]++;
  }
  hookbox::writer data;
  {
    auto object = data.object();
    for (const auto &[app, count] : by_app) data.set(app, count);
  }
  HOOKBOX_TRY(hookbox_values_set("/apps", data.written()));
  hookbox::pairs labels;
  for (const auto &[app, count] : by_app) labels.add("app_" + app, std::to_string(count));
  return hookbox_metric_set("apps", static_cast<double>(by_app.size()), labels, nullptr);
}

HOOKBOX_TEST(objects_are_counted_in_cpp) {
  for (const char *pod : {"{\"metadata\":{\"name\":\"a\",\"labels\":{\"app\":\"web\"}}}", "{\"metadata\":{\"name\":\"b\"}}",
                          "{\"metadata\":{\"name\":\"c\",\"labels\":{\"app\":\"web\"}}}"})
    hookbox_test_object("pods", read_it(pod));
  HOOKBOX_CHECK_OK(hookbox_test_run("counts"));
  hookbox_test_effects asked = hookbox_test_asked();
  HOOKBOX_CHECK_JSON(asked.values, "{'apps': {'web': 2}}");
  HOOKBOX_CHECK(asked.metrics_len == 1);
  HOOKBOX_CHECK_JSON(asked.metrics[0].labels, "{'app_web': '2'}");
}

HOOKBOX_TEST(values_are_views_in_cpp) {
  json none;
  HOOKBOX_CHECK(!none && none.size() == 0 && none.begin() == none.end() && !none.string() && none.text().empty());
  HOOKBOX_CHECK(!read_it("{"));
  json of = read_it("{\"s\": \"a\\u0000b\", \"i\": 7, \"d\": 0.5, \"t\": true, \"n\": null, \"k\\u0000\": [1, [2]]}");
  HOOKBOX_CHECK(of.kind() == HOOKBOX_JSON_OBJECT && of.size() == 6);
  HOOKBOX_CHECK(of.at("/s").string() == std::string_view("a\0b", 3));
  HOOKBOX_CHECK(of.at(std::string("/i")).integer() == 7 && of.at("/d").number() == 0.5 && of.at("/t").boolean() == true);
  HOOKBOX_CHECK(of.at("/n").is_null() && !of.at("/n").integer() && of.at("/none").integer().value_or(3) == 3);
  size_t seen = 0;
  for (const auto &[key, value, index] : of) {
    HOOKBOX_CHECK(index == seen++ && !key.empty() && value);
    if (index == 5) HOOKBOX_CHECK(key == std::string_view("k\0", 2) && value.begin()->value.integer() == 1);
  }
  HOOKBOX_CHECK(seen == 6);
  HOOKBOX_CHECK_TEXT(copied(of.at("/n").text()), "null");
  json changed = of.with("/i", of.at("/d")).without("/s");
  HOOKBOX_CHECK(changed != of && changed.at("/i").number() == 0.5 && !changed.at("/s"));
  HOOKBOX_CHECK(changed == read_it("{\"k\\u0000\":[1,[2]],\"n\":null,\"t\":true,\"d\":0.5,\"i\":0.5}"));
}

HOOKBOX_TEST(values_are_written_in_blocks_in_cpp) {
  hookbox::writer out;
  {
    auto whole = out.object();
    out.set("text", "a\"b").set("string", std::string("c")).set("view", std::string_view("d")).set("none", nullptr);
    out.set("so", true).set("small", short{-1}).set("large", uint32_t{4000000000}).set("most", UINT64_MAX).set("least", INT64_MIN).set("half", 0.5).set("json", read_it("[1]"));
    {
      auto list = out.array("list");
      out.value(1).value("two");
      auto inner = out.object();
    }
    auto empty = out.object("empty");
  }
  HOOKBOX_CHECK_JSON(out.written(), "{'text': 'a\"b', 'string': 'c', 'view': 'd', 'none': null, 'so': true, 'small': -1, 'large': 4000000000, "
                                    "'most': 18446744073709551615, 'least': -9223372036854775808, 'half': 0.5, 'json': [1], 'list': [1, 'two', {}], 'empty': {}}");
}

HOOKBOX_TEST(memory_is_given_back_at_the_end_of_a_block) {
  hookbox_marked before = hookbox_mark();
  for (int i = 0; i < 3; i++) {
    hookbox::memory here;
    hookbox_alloc(1000);
  }
  hookbox_marked after = hookbox_mark();
  HOOKBOX_CHECK(before.block == after.block && before.used == after.used);
}

static hookbox_error refused(int i) {
  hookbox::memory here;
  hookbox_alloc(100000);
  HOOKBOX_TRY(hookbox_wrap(hookbox_values_remove(hookbox_text("/none-%d", i)), "at %d", i));
  return HOOKBOX_OK;
}

HOOKBOX_TEST(an_error_is_returned_from_a_block_that_gives_memory_back) {
  hookbox_error first = refused(1), second = refused(2);
  std::memset(hookbox_alloc(200000), 'x', 200000);
  HOOKBOX_CHECK_FAILS(first, "at 1: there is nothing at `/none-1` (no-such-path)");
  HOOKBOX_CHECK(hookbox_is_refused(first, "no-such-path"));
  HOOKBOX_CHECK_FAILS(hookbox_retry_after(5, second), "at 2: there is nothing at `/none-2` (no-such-path)");
}
