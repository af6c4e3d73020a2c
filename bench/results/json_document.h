#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace bench::results {

/// A value of a JsonDocument. Behind an array lie its elements, behind an object its keys and
/// values in turn, each followed by what is inside it.
class JsonValue {
 public:
  enum class Type : std::uint8_t { null, boolean, count, number, string, array, object };

  explicit JsonValue(Type of) : type(of), number_(0) {} ///< null, array, object
  explicit JsonValue(bool value) : type(Type::boolean), boolean_(value) {}
  explicit JsonValue(std::uint64_t value) : type(Type::count), count_(value) {}
  explicit JsonValue(double value) : type(Type::number), number_(value) {}
  /// Refers to `text`.
  explicit JsonValue(const std::string* text) : type(Type::string), text_(text) {}

  Type type;              ///< count: a whole number >= 0 that fits
  std::uint32_t size = 1; ///< of this value and all inside it, in values

  // Each of a value of that type only.

  bool boolean() const { return boolean_; }
  std::uint64_t count() const { return count_; }
  /// Of a count, too.
  double number() const { return type == Type::count ? static_cast<double>(count_) : number_; }
  std::string_view text() const { return *text_; }

  const JsonValue* begin() const { return this + 1; }
  const JsonValue* end() const { return this + size; }
  const JsonValue* next() const { return this + size; } ///< the one behind it

 private:
  union { // a file has a million values: 16 bytes each
    bool boolean_;
    std::uint64_t count_;
    double number_;
    const std::string* text_;
  };
};
static_assert(sizeof(JsonValue) == 16);

/// JSON to be read once. A result has a million values: trees such as nlohmann::json's take longer
/// to build and to give back than the text takes to read.
class JsonDocument {
 public:
  /// Throws UsageError, one line "origin:2:9: not JSON", for what is none.
  static JsonDocument parse(std::string_view text, const std::string& origin);

  const JsonValue& root() const { return values_.front(); }

 private:
  friend class JsonBuilder;

  std::vector<JsonValue> values_;
  std::deque<std::string> strings_; ///< what values refer to stays where it is
};

} // namespace bench::results
