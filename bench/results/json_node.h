#pragma once

#include <bench/base/error.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

/// A value of a parsed document together with its place in it, so that every complaint is one line
/// "origin: /pointer: must be ..., not ...", thrown as UsageError. Refers to the document and to
/// `origin`; neither may die first.
class JsonNode {
 public:
  using Json = nlohmann::json;

  JsonNode(const Json& document, const std::string& origin) : value_(&document), origin_(&origin) {}

  [[noreturn]] void fail(std::string_view fault) const {
    const std::string place = pointer_.to_string();
    throw UsageError(fmt::format("{}: {}: {}", *origin_, place.empty() ? "/" : place, fault));
  }

  JsonNode at(const char* key) const {
    expect(value_->is_object(), "an object");
    const auto member = value_->find(key);
    if (member == value_->end()) {
      JsonNode(*this, *value_, key).fail("missing");
    }
    return JsonNode(*this, *member, key);
  }

  std::string text() const {
    expect(value_->is_string(), "a string");
    return value_->get<std::string>();
  }

  bool boolean() const {
    expect(value_->is_boolean(), "true or false");
    return value_->get<bool>();
  }

  template <typename Integer>
  Integer count() const {
    expect(holds_count<Integer>(*value_), kCount);
    return value_->get<Integer>();
  }

  double finite() const {
    expect(value_->is_number(), "a number");
    return value_->get<double>();
  }

  double not_negative() const {
    expect(value_->is_number() && value_->get<double>() >= 0, "a number >= 0");
    return value_->get<double>();
  }

  double positive() const {
    expect(holds_positive(*value_), "a number > 0");
    return value_->get<double>();
  }

  /// `read` of the member `key`; nothing when it is absent or null.
  template <typename Read>
  auto optional(const char* key, Read read) const {
    std::optional<std::invoke_result_t<Read, const JsonNode&>> result;
    if (value_->contains(key) && !value_->at(key).is_null())
      result = std::invoke(read, at(key));
    return result;
  }

  /// `read` of every element.
  template <typename Read>
  auto list(Read read) const {
    expect(value_->is_array(), "an array");
    std::vector<std::invoke_result_t<Read, const JsonNode&>> elements;
    elements.reserve(value_->size());
    for (std::size_t index = 0; index < value_->size(); ++index) {
      elements.push_back(std::invoke(read, JsonNode(*this, (*value_)[index], index)));
    }
    return elements;
  }

  /// `read` of every member.
  template <typename Read>
  auto map(Read read) const {
    expect(value_->is_object(), "an object");
    std::map<std::string, std::invoke_result_t<Read, const JsonNode&>> members;
    for (const auto& [key, member] : value_->items()) {
      members.emplace(key, std::invoke(read, JsonNode(*this, member, key)));
    }
    return members;
  }

  // Columns do not go by way of list: a node for each of a million samples costs more than parsing.

  template <typename Integer>
  std::vector<Integer> column_of_counts() const {
    return column<Integer>(holds_count<Integer>, kCount);
  }

  std::vector<double> column_of_positives() const {
    return column<double>(holds_positive, "a number > 0");
  }

  std::vector<double> column_of_not_negatives() const {
    return column<double>([](const Json& v) { return v.is_number() && v.get<double>() >= 0; },
                          "a number >= 0");
  }

  std::vector<double> column_of_numbers() const {
    return column<double>([](const Json& v) { return v.is_number(); }, "a number");
  }

  // null reads as NaN in these two.

  std::vector<double> column_of_not_negatives_or_nulls() const {
    return column<double>(
        [](const Json& v) { return v.is_null() || (v.is_number() && v.get<double>() >= 0); },
        "a number >= 0 or null");
  }

  std::vector<double> column_of_positives_or_nulls() const {
    return column<double>([](const Json& v) { return v.is_null() || holds_positive(v); },
                          "a number > 0 or null");
  }

 private:
  static constexpr std::string_view kCount = "a whole number >= 0";

  template <typename Key>
  JsonNode(const JsonNode& parent, const Json& value, const Key& key)
      : value_(&value), origin_(parent.origin_), pointer_(parent.pointer_ / key) {}

  void expect(bool holds, std::string_view wanted) const {
    if (!holds) {
      fail(fmt::format(
          "must be {}, not {}", wanted,
          value_->is_structured() || value_->is_string()
              ? fmt::format("a{} {}", value_->is_string() ? "" : "n", value_->type_name())
              : value_->dump()));
    }
  }

  template <typename Integer>
  static bool holds_count(const Json& value) {
    return value.is_number_unsigned() && std::in_range<Integer>(value.get<std::uint64_t>());
  }

  static bool holds_positive(const Json& value) {
    return value.is_number() && value.get<double>() > 0;
  }

  template <typename Number, typename Holds>
  std::vector<Number> column(Holds holds, std::string_view wanted) const {
    expect(value_->is_array(), "an array");
    std::vector<Number> numbers;
    numbers.reserve(value_->size());
    for (const Json& element : *value_) {
      if (!holds(element)) {
        JsonNode(*this, element, numbers.size()).expect(false, wanted);
      }
      numbers.push_back(element.is_null() ? std::numeric_limits<Number>::quiet_NaN()
                                          : element.get<Number>());
    }
    return numbers;
  }

  const Json* value_;
  const std::string* origin_;
  Json::json_pointer pointer_;
};

} // namespace bench::results
