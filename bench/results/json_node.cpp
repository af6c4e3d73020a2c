#include <bench/base/error.h>
#include <bench/results/json_node.h>

#include <fmt/format.h>

namespace bench::results {
namespace {

/// A step of a JSON pointer (RFC 6901): "/key".
std::string step(std::string_view key) {
  std::string text = "/";
  for (const char c : key)
    text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return text;
}

} // namespace

JsonNode::JsonNode(const JsonNode& parent, const JsonValue& value)
    : value_(&value), root_(parent.root_), origin_(parent.origin_) {}

JsonNode JsonNode::at(std::string_view key) const {
  expect(value_->type == Type::object, "an object");
  const JsonValue* const found = member(key);
  if (!found)
    fail_at(place() + step(key), "missing");
  return JsonNode(*this, *found);
}

const JsonValue* JsonNode::member(std::string_view name) const {
  if (value_->type == Type::object)
    for (const JsonValue* key = value_->begin(); key != value_->end(); key = key[1].next())
      if (key->text() == name)
        return key + 1;
  return nullptr;
}

void JsonNode::fail_at(std::string_view place, std::string_view fault) const {
  throw UsageError(fmt::format("{}: {}: {}", *origin_, place.empty() ? "/" : place, fault));
}

void JsonNode::fail_expecting(std::string_view wanted) const {
  const auto what = [&]() -> std::string {
    switch (value_->type) {
    case Type::object:
      return "an object";
    case Type::array:
      return "an array";
    case Type::string:
      return "a string";
    case Type::count:
      return fmt::format("{}", value_->count());
    case Type::number:
      return fmt::format("{}", value_->number());
    case Type::boolean:
      return value_->boolean() ? "true" : "false";
    case Type::null:
      break;
    }
    return "null";
  };
  fail(fmt::format("must be {}, not {}", wanted, what()));
}

/// The JSON pointer to the value.
std::string JsonNode::place() const {
  std::string pointer;
  for (const JsonValue* around = root_; around != value_;) {
    const int key = around->type == Type::object ? 1 : 0; // which lies before its value
    const JsonValue* v = around->begin();
    std::size_t index = 0;
    for (; v[key].next() <= value_; v = v[key].next())
      ++index;
    pointer += step(key ? std::string(v->text()) : std::to_string(index));
    around = v + key;
  }
  return pointer;
}

} // namespace bench::results
