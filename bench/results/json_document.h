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
struct JsonValue {
  enum class Type : std::uint8_t { null, boolean, count, number, string, array, object };

  Type type;               ///< count: a whole number >= 0 that fits
  std::uint32_t size;      ///< of this value and all inside it, in values
  std::string_view text;   ///< of a string what it says; "null", "true", "false"; else ""
  double number = 0;       ///< of a number or count
  std::uint64_t count = 0; ///< of a count

  const JsonValue* begin() const { return this + 1; }
  const JsonValue* end() const { return this + size; }
  const JsonValue* next() const { return this + size; } ///< the one behind it
};

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
