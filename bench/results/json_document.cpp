#include <bench/base/error.h>
#include <bench/results/json_document.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace bench::results {
namespace {

/// "line:column" of a byte, both from 1.
std::string place_in(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const auto line = std::ranges::count(before, '\n') + 1;
  return fmt::format("{}:{}", line, byte - (before.rfind('\n') + 1) + 1); // npos + 1 is 0
}

/// Throws what is wrong with a text that is no JSON, in words of ours.
[[noreturn]] void complain(std::string_view text, const std::string& origin, std::size_t byte,
                           const std::string& token, const nlohmann::json::exception& error) {
  if (dynamic_cast<const nlohmann::json::out_of_range*>(&error))
    throw UsageError(fmt::format("{}:{}: {} is too large for a number", origin,
                                 place_in(text, byte - token.size()), token));
  if (text.find_first_not_of(" \t\r\n") == text.npos)
    throw UsageError(origin + ": empty");
  if (byte > text.size())
    throw UsageError(fmt::format("{}: truncated: ends at {} in the middle of the document", origin,
                                 place_in(text, text.size())));
  throw UsageError(fmt::format("{}:{}: not JSON", origin, place_in(text, byte - 1)));
}

} // namespace

/// What nlohmann's reader tells of, in the order of the text, laid down in a document.
class JsonBuilder {
 public:
  JsonBuilder(std::string_view text, const std::string& origin, JsonDocument& document)
      : text_(text), origin_(origin), document_(document) {
    document.values_.reserve(text.size() / 12); // a sample takes so many characters
  }

  bool null() { return add(Type::null); }
  bool boolean(bool value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(static_cast<double>(value)); }
  bool number_float(double value, const std::string&) { return add(value); }
  bool string(std::string& text) {
    return add(&std::as_const(document_.strings_.emplace_back(std::move(text))));
  }
  bool binary(std::vector<std::uint8_t>&) { return false; } // JSON has none
  bool key(std::string& text) { return string(text); }
  bool start_object(std::size_t) { return open(Type::object); }
  bool start_array(std::size_t) { return open(Type::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool parse_error(std::size_t byte, const std::string& token,
                   const nlohmann::json::exception& error) {
    complain(text_, origin_, byte, token, error);
  }

 private:
  using Type = JsonValue::Type;
  static constexpr std::size_t kDeepest = 64;

  template <typename Value>
  bool add(Value value) {
    document_.values_.emplace_back(value);
    return true;
  }
  bool open(Type type) {
    if (open_.size() == kDeepest)
      throw UsageError(origin_ + ": nested deeper than any file of bench");
    open_.push_back(document_.values_.size());
    return add(type);
  }
  bool close() {
    document_.values_[open_.back()].size =
        static_cast<std::uint32_t>(document_.values_.size() - open_.back());
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& origin_;
  JsonDocument& document_;
  std::vector<std::size_t> open_; ///< arrays and objects that have not ended
};

JsonDocument JsonDocument::parse(std::string_view text, const std::string& origin) {
  JsonDocument document;
  JsonBuilder builder(text, origin, document);
  nlohmann::json::sax_parse(text, &builder);
  return document;
}

} // namespace bench::results
