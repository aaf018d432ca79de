// hookbox for C++17 and later, without exceptions: views of what hookbox.h has, for range-based loops and std::string_view.
//
//     #include <hookbox.hpp>
//
//     hookbox_error count(const hookbox_input *) {
//       std::map<std::string, int> by_app;
//       for (hookbox::entry pod : hookbox::snapshot("pods"))
//         if (auto app = pod.object.at("/metadata/labels/app").string()) by_app[std::string(*app)]++;
//       hookbox::writer data;
//       {
//         auto object = data.object();
//         for (const auto &[app, count] : by_app) data.set(app, count);
//       }
//       return hookbox_values_set("/web/apps", data.written());
//     }
//
// All of it converts to what the functions of hookbox.h take, and lives as long: until the call of the hook is over.
#ifndef HOOKBOX_HPP
#define HOOKBOX_HPP

#include <cstring>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "hookbox.h"

namespace hookbox {

/// Gives memory back at the end of its block: all that the functions of hookbox returned in it is gone then, but for errors, which
/// may be returned from it.
class memory {
 public:
  memory() : mark_(hookbox_mark()) {}
  ~memory() { hookbox_release(mark_); }
  memory(const memory &) = delete;
  memory &operator=(const memory &) = delete;

 private:
  hookbox_marked mark_;
};

/// A JSON value: a view of its text.
class json {
 public:
  /// No value.
  constexpr json() = default;
  /// What the functions of hookbox.h return.
  constexpr json(hookbox_json raw) : raw_(raw) {}
  /// What the functions of hookbox.h take.
  constexpr operator hookbox_json() const { return raw_; }

  /// The value that a text is, which is checked; none if it is not JSON. It is a view of the text.
  static json parse(std::string_view text) { return hookbox_json_parse(text.data(), text.size()); }

  /// Whether there is a value; `null` is one.
  constexpr explicit operator bool() const { return raw_.text != nullptr; }
  /// What kind of value it is.
  hookbox_json_kind kind() const { return hookbox_json_kind_of(raw_); }
  /// Whether it is `null`.
  bool is_null() const { return kind() == HOOKBOX_JSON_NULL; }
  /// Its text, as JSON writes it; empty when there is no value.
  std::string_view text() const { return raw_.text ? std::string_view(raw_.text, raw_.len) : std::string_view(); }

  /// The part at a JSON Pointer, such as `/spec/containers/0/image`; none when it is not there.
  json at(const char *pointer) const { return hookbox_json_at(raw_, pointer); }
  /// The same, for a pointer that is put together.
  json at(const std::string &pointer) const { return at(pointer.c_str()); }

  /// What it says, if it is such a value: `pod.at("/spec/replicas").integer().value_or(1)`.
  std::optional<std::string_view> string() const {
    size_t len = 0;
    const char *text = hookbox_json_string_n(raw_, &len);
    return text ? std::optional(std::string_view(text, len)) : std::nullopt;
  }
  /// The integer that it is, without a fraction and within 64 bits.
  std::optional<int64_t> integer() const { return read<int64_t>(hookbox_json_int); }
  /// The number that it is.
  std::optional<double> number() const { return read<double>(hookbox_json_double); }
  /// The boolean that it is.
  std::optional<bool> boolean() const { return read<bool>(hookbox_json_bool); }

  /// The document with another value at a pointer; none when the parent is not there.
  json with(const char *pointer, json value) const { return hookbox_json_set(raw_, pointer, value); }
  /// The document without what is at a pointer; none when there is nothing.
  json without(const char *pointer) const { return hookbox_json_remove(raw_, pointer); }

  /// Whether they are the same value, whatever the order of keys. Numbers are compared as they are written: 1 is not 1.0.
  friend bool operator==(json one, json other) { return hookbox_json_equal(one, other); }
  /// Whether they are different values.
  friend bool operator!=(json one, json other) { return !hookbox_json_equal(one, other); }

  class iterator;
  /// Members of an object, elements of an array; none of others.
  iterator begin() const;
  /// Behind the last of them.
  iterator end() const;
  /// How many of them there are.
  size_t size() const { return hookbox_json_len(raw_); }

 private:
  template <class T>
  std::optional<T> read(bool (*as)(hookbox_json, T *)) const {
    T value{};
    return as(raw_, &value) ? std::optional(value) : std::nullopt;
  }

  hookbox_json raw_{nullptr, 0};
};

/// A member of an object, or an element of an array, whose key is empty.
struct member {
  /// Its name in the object.
  std::string_view key;
  /// The value.
  json value;
  /// Which of them it is, from 0.
  size_t index = 0;
};

class json::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = member;
  using difference_type = std::ptrdiff_t;
  using pointer = const member *;
  using reference = const member &;

  iterator() = default;
  explicit iterator(hookbox_json of) : raw_(hookbox_json_each(of)), more_(true) { ++*this; }

  reference operator*() const { return at_; }
  pointer operator->() const { return &at_; }
  iterator &operator++() {
    more_ = more_ && hookbox_json_next(&raw_);
    if (more_) at_ = {raw_.key ? std::string_view(raw_.key, raw_.key_len) : std::string_view(), raw_.value, raw_.index};
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator &one, const iterator &other) { return one.more_ == other.more_; }
  friend bool operator!=(const iterator &one, const iterator &other) { return one.more_ != other.more_; }

 private:
  hookbox_json_iter raw_{};
  member at_;
  bool more_ = false;
};

inline json::iterator json::begin() const { return iterator(raw_); }
inline json::iterator json::end() const { return {}; }

/// A value that is written piece by piece. Pieces that make no JSON are a mistake in the program, and end the run with a trap.
class writer {
 public:
  /// An object or an array, which ends with the block.
  class scope {
   public:
    ~scope() { hookbox_write_end(raw_); }
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;

   private:
    friend class writer;
    explicit scope(hookbox_writer *raw) : raw_(raw) {}
    hookbox_writer *raw_;
  };

  /// Nothing is written yet.
  writer() : raw_(hookbox_write()) {}
  writer(const writer &) = delete;
  writer &operator=(const writer &) = delete;

  /// An object, whose members are what is written until the scope ends.
  [[nodiscard]] scope object() { return hookbox_write_object(raw_), scope(raw_); }
  /// An object as a member of the one that is open.
  [[nodiscard]] scope object(std::string_view name) { return key(name).object(); }
  /// An array, whose elements are what is written until the scope ends.
  [[nodiscard]] scope array() { return hookbox_write_array(raw_), scope(raw_); }
  /// An array as a member of the object that is open.
  [[nodiscard]] scope array(std::string_view name) { return key(name).array(); }

  /// The name of the member that comes next.
  writer &key(std::string_view name) { return hookbox_write_key_n(raw_, name.data(), name.size()), *this; }
  /// A string.
  writer &value(std::string_view text) { return hookbox_write_string_n(raw_, text.data(), text.size()), *this; }
  /// A string.
  writer &value(const char *text) { return hookbox_write_string(raw_, text), *this; }
  /// A string.
  writer &value(const std::string &text) { return value(std::string_view(text)); }
  /// A boolean.
  writer &value(bool so) { return hookbox_write_bool(raw_, so), *this; }
  /// A number; `null` for what is not finite.
  writer &value(double number) { return hookbox_write_double(raw_, number), *this; }
  /// `null`.
  writer &value(std::nullptr_t) { return hookbox_write_null(raw_), *this; }
  /// A value that there is.
  writer &value(json of) { return hookbox_write_json(raw_, of), *this; }
  /// A value that there is.
  writer &value(hookbox_json of) { return value(json(of)); }
  /// An integer.
  template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
  writer &value(T number) {
    if constexpr (std::is_unsigned_v<T>)
      hookbox_write_uint(raw_, number);
    else
      hookbox_write_int(raw_, number);
    return *this;
  }
  /// A member of the object.
  template <class T>
  writer &set(std::string_view name, const T &of) {
    return key(name).value(of);
  }

  /// The whole of it.
  json written() { return hookbox_written(raw_); }

 private:
  hookbox_writer *raw_;
};

/// One object of a snapshot.
struct entry {
  /// The object; none with `keepFullObjectsInMemory: false`.
  json object;
  /// What the filter made of it; none without a filter.
  json filter_result;
  /// Which of the snapshot's it is, from 0.
  size_t index = 0;
};

/// The objects of a binding. What is not asked for is not copied.
class snapshot {
 public:
  /// That of a binding; empty when there is none.
  explicit snapshot(const char *binding) : raw_(hookbox_snapshot_of(binding)) {}
  /// What the functions of hookbox.h return.
  snapshot(hookbox_snapshot raw) : raw_(raw) {}
  /// What the functions of hookbox.h take.
  operator hookbox_snapshot() const { return raw_; }

  /// The same objects, with nothing but these fields: hookbox::snapshot("pods").fields({"/metadata/name", "/spec/nodeName"}).
  /// Arrays are no step: "/spec/containers/image" is the image of every container.
  snapshot fields(std::initializer_list<const char *> names) const {
    std::vector<const char *> all(names);
    all.push_back(nullptr);
    return hookbox_snapshot_fields(raw_, all.data());
  }

  /// Whether the run has it.
  explicit operator bool() const { return raw_.there; }
  /// How many entries it has.
  size_t size() const { return hookbox_snapshot_len(raw_); }
  /// The entry with this index, if there is one.
  std::optional<entry> at(size_t index) const {
    hookbox_entry raw;
    if (!hookbox_snapshot_get(raw_, index, &raw)) return std::nullopt;
    return entry{raw.object, raw.filter_result, raw.index};
  }

  /// Entries come in pages.
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = entry;
    using difference_type = std::ptrdiff_t;
    using pointer = const entry *;
    using reference = const entry &;

    iterator() = default;
    explicit iterator(hookbox_snapshot of) : raw_(hookbox_snapshot_each(of)), more_(true) { ++*this; }

    reference operator*() const { return at_; }
    pointer operator->() const { return &at_; }
    iterator &operator++() {
      hookbox_entry raw;
      more_ = more_ && hookbox_snapshot_next(&raw_, &raw);
      if (more_) at_ = {raw.object, raw.filter_result, raw.index};
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator &one, const iterator &other) { return one.more_ == other.more_; }
    friend bool operator!=(const iterator &one, const iterator &other) { return one.more_ != other.more_; }

   private:
    hookbox_entries raw_{};
    entry at_;
    bool more_ = false;
  };
  /// The first entry.
  iterator begin() const { return iterator(raw_); }
  /// Behind the last one.
  iterator end() const { return {}; }

 private:
  hookbox_snapshot raw_;
};

/// Labels, fields of the log, headers: a list that grows, for the functions that take `const hookbox_pair *`.
class pairs {
 public:
  /// Append a pair; both texts are copied.
  pairs &add(std::string_view name, std::string_view value) {
    list_.back() = {hookbox_copy(name.data(), name.size()), hookbox_copy(value.data(), value.size())};
    list_.push_back({nullptr, nullptr});
    return *this;
  }
  /// What the functions of hookbox.h take.
  operator const hookbox_pair *() const { return list_.data(); }

 private:
  std::vector<hookbox_pair> list_{{nullptr, nullptr}};
};

}  // namespace hookbox

#endif
