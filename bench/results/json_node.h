#pragma once

#include <bench/results/json_document.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bench::results {

/// A value of a document, of which every complaint is one line "origin: /pointer: must be ..., not
/// ...", thrown as UsageError. Refers to the document and to `origin`; neither may die first. Where
/// the value lies is looked for only when there is something to complain about: a result has
/// hundreds of thousands of them.
class JsonNode {
 public:
  JsonNode(const JsonDocument& document, const std::string& origin)
      : value_(&document.root()), root_(value_), origin_(&origin) {}

  [[noreturn]] void fail(std::string_view fault) const { fail_at(place(), fault); }

  /// Whether it is an object with this member.
  bool has(std::string_view key) const { return member(key) != nullptr; }

  JsonNode at(std::string_view key) const;

  std::string text() const {
    expect(value_->type == Type::string, "a string");
    return std::string(value_->text());
  }

  bool boolean() const {
    expect(value_->type == Type::boolean, "true or false");
    return value_->boolean();
  }

  template <typename Integer>
  Integer count() const {
    expect(holds_count<Integer>(*value_), kCount);
    return static_cast<Integer>(value_->count());
  }

  double finite() const {
    expect(is_number(*value_), "a number");
    return number(*value_);
  }

  double not_negative() const {
    expect(holds_not_negative(*value_), "a number >= 0");
    return number(*value_);
  }

  double positive() const {
    expect(holds_positive(*value_), "a number > 0");
    return number(*value_);
  }

  /// `read` of the member `key`; nothing when it is absent or null.
  template <typename Read>
  auto optional(std::string_view key, Read read) const {
    std::optional<std::invoke_result_t<Read, const JsonNode&>> result;
    if (const JsonValue* const found = member(key); found && found->type != Type::null)
      result = std::invoke(read, JsonNode(*this, *found));
    return result;
  }

  /// `read` of every element.
  template <typename Read>
  auto list(Read read) const {
    expect(value_->type == Type::array, "an array");
    std::vector<std::invoke_result_t<Read, const JsonNode&>> elements;
    for (const JsonValue* v = value_->begin(); v != value_->end(); v = v->next())
      elements.push_back(std::invoke(read, JsonNode(*this, *v)));
    return elements;
  }

  /// `read` of every member.
  template <typename Read>
  auto map(Read read) const {
    expect(value_->type == Type::object, "an object");
    std::map<std::string, std::invoke_result_t<Read, const JsonNode&>> members;
    for (const JsonValue* key = value_->begin(); key != value_->end(); key = key[1].next())
      members.emplace(key->text(), std::invoke(read, JsonNode(*this, key[1])));
    return members;
  }

  // Columns do not go by way of list: a node for each of a million samples costs more than parsing.

  template <typename Integer>
  std::vector<Integer> column_of_counts() const {
    return column<Integer>(holds_count<Integer>, kCount);
  }

  /// `wanted`: "a number from 1 to 5", for the complaint.
  std::vector<double> column_within(double least, double most, std::string_view wanted) const {
    return column<double>(
        [&](const JsonValue& v) { return number(v) >= least && number(v) <= most; }, wanted);
  }

  std::vector<double> column_of_not_negatives() const {
    return column<double>(holds_not_negative, "a number >= 0");
  }

  std::vector<double> column_of_numbers() const { return column<double>(is_number, "a number"); }

  // null reads as NaN in these two.

  std::vector<double> column_of_not_negatives_or_nulls() const {
    return column<double>(
        [](const JsonValue& v) { return v.type == Type::null || holds_not_negative(v); },
        "a number >= 0 or null");
  }

  std::vector<double> column_of_positives_or_nulls() const {
    return column<double>(
        [](const JsonValue& v) { return v.type == Type::null || holds_positive(v); },
        "a number > 0 or null");
  }

 private:
  using Type = JsonValue::Type;
  static constexpr std::string_view kCount = "a whole number >= 0";

  JsonNode(const JsonNode& parent, const JsonValue& value);

  const JsonValue* member(std::string_view name) const;
  [[noreturn]] void fail_at(std::string_view place, std::string_view fault) const;
  std::string place() const;
  [[noreturn]] void fail_expecting(std::string_view wanted) const;

  void expect(bool holds, std::string_view wanted) const {
    if (!holds)
      fail_expecting(wanted);
  }

  static bool is_number(const JsonValue& value) {
    return value.type == Type::count || value.type == Type::number;
  }

  static double number(const JsonValue& value) {
    return is_number(value) ? value.number() : std::numeric_limits<double>::quiet_NaN();
  }

  template <typename Integer>
  static bool holds_count(const JsonValue& value) {
    return value.type == Type::count && std::in_range<Integer>(value.count());
  }

  static bool holds_not_negative(const JsonValue& value) { return number(value) >= 0; }
  static bool holds_positive(const JsonValue& value) { return number(value) > 0; }

  template <typename Number, typename Holds>
  std::vector<Number> column(Holds holds, std::string_view wanted) const {
    expect(value_->type == Type::array, "an array");
    std::vector<Number> numbers;
    numbers.reserve(value_->size - 1);
    for (const JsonValue* v = value_->begin(); v != value_->end(); v = v->next()) {
      if (!holds(*v))
        JsonNode(*this, *v).fail_expecting(wanted);
      if constexpr (std::is_integral_v<Number>)
        numbers.push_back(static_cast<Number>(v->count()));
      else
        numbers.push_back(number(*v)); // NaN of null
    }
    return numbers;
  }

  const JsonValue* value_;
  const JsonValue* root_;
  const std::string* origin_;
};

} // namespace bench::results
