#include <bench/base/error.h>
#include <bench/results/json_document.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace bench::results {

/// Reads a text that is JSON, and finds that another is none; what is wrong with it others may say.
class JsonScanner {
 public:
  JsonScanner(std::string_view text, JsonDocument& document)
      : at_(text.data()), end_(at_ + text.size()), document_(document) {
    document.values_.reserve(text.size() / 12); // a sample takes so many characters
  }

  bool scan() {
    if (end_ - at_ >= 3 && std::string_view(at_, 3) == "\xef\xbb\xbf") // which says it is UTF-8
      at_ += 3;
    return value(0) && next() == '\0';
  }

 private:
  using Type = JsonValue::Type;
  static constexpr int kDeepest = 64;

  /// The character behind the white space here; '\0' at the end, which it is for nlohmann::json
  /// too.
  char next() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r'))
      ++at_;
    return at_ == end_ ? '\0' : *at_;
  }

  JsonValue& add(Type type, std::string_view text = {}) {
    return document_.values_.emplace_back(JsonValue{.type = type, .size = 1, .text = text});
  }

  bool value(int depth) {
    switch (next()) {
    case '{':
      return depth < kDeepest && members(Type::object, '}', depth);
    case '[':
      return depth < kDeepest && members(Type::array, ']', depth);
    case '"':
      return string();
    case 't':
      return word(Type::boolean, "true");
    case 'f':
      return word(Type::boolean, "false");
    case 'n':
      return word(Type::null, "null");
    default:
      return number();
    }
  }

  bool members(Type type, char close, int depth) {
    const std::size_t index = document_.values_.size();
    add(type);
    ++at_;
    if (next() != close)
      for (;;) {
        if (type == Type::object) {
          if (next() != '"' || !string() || next() != ':')
            return false;
          ++at_;
        }
        if (!value(depth + 1))
          return false;
        if (next() != ',')
          break;
        ++at_;
      }
    if (next() != close)
      return false;
    ++at_;
    document_.values_[index].size = static_cast<std::uint32_t>(document_.values_.size() - index);
    return true;
  }

  bool word(Type type, std::string_view word) {
    if (!std::string_view(at_, end_).starts_with(word))
      return false;
    add(type, {at_, word.size()});
    at_ += word.size();
    return true;
  }

  /// Whether a string holds this character as it is; others are left to nlohmann::json.
  static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

  bool string() {
    const char* const begin = ++at_;
    while (at_ != end_ && is_plain(static_cast<unsigned char>(*at_)))
      ++at_;
    if (at_ == end_)
      return false;
    if (*at_ != '"')
      return other_string(begin);
    add(Type::string, {begin, at_++});
    return true;
  }

  bool other_string(const char* begin) {
    while (at_ != end_ && *at_ != '"')
      at_ += *at_ == '\\' && at_ + 1 != end_ ? 2 : 1;
    if (at_ == end_)
      return false;
    const auto parsed = nlohmann::json::parse(begin - 1, ++at_, nullptr, false);
    if (!parsed.is_string())
      return false;
    add(Type::string, document_.unescaped_.emplace_back(parsed.get<std::string>()));
    return true;
  }

  bool digits() {
    const char* const begin = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9')
      ++at_;
    return at_ != begin;
  }

  bool skip(std::string_view any) {
    const bool found = at_ != end_ && any.find(*at_) != any.npos;
    at_ += found;
    return found;
  }

  bool number() {
    const char* const begin = at_;
    bool whole = !skip("-");
    if (!skip("0") && !digits())
      return false;
    if (skip(".")) {
      whole = false;
      if (!digits())
        return false;
    }
    if (skip("eE")) {
      whole = false;
      skip("+-");
      if (!digits())
        return false;
    }
    JsonValue& value = add(Type::number, {begin, at_});
    if (whole && std::from_chars(begin, at_, value.count).ec == std::errc()) {
      value.type = Type::count;
      value.number = static_cast<double>(value.count);
      return true;
    }
    if (std::from_chars(begin, at_, value.number).ec != std::errc()) // too large, or too small
      value.number = std::strtod(std::string(value.text).c_str(), nullptr);
    return std::isfinite(value.number);
  }

  const char* at_;
  const char* const end_;
  JsonDocument& document_;
};

namespace {

/// "line:column" of a byte, both from 1.
std::string place_in(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte);
  const auto line = std::ranges::count(before, '\n') + 1;
  return fmt::format("{}:{}", line, byte - (before.rfind('\n') + 1) + 1); // npos + 1 is 0
}

/// Throws what is wrong with a text that is no JSON.
void complain(std::string_view text, const std::string& origin) {
  try {
    const auto valid = nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    if (text.find_first_not_of(" \t\r\n") == text.npos) {
      throw UsageError(origin + ": empty");
    }
    if (error.byte > text.size()) {
      throw UsageError(fmt::format("{}: truncated: ends at {} in the middle of the document",
                                   origin, place_in(text, text.size())));
    }
    throw UsageError(fmt::format("{}:{}: not JSON", origin, place_in(text, error.byte - 1)));
  } catch (const nlohmann::json::out_of_range& error) {
    // Says which token, "... parsing '1e999'", but not where.
    const std::string_view what = error.what();
    const std::size_t open = std::min(what.find('\''), what.size() - 1);
    const std::string_view token = what.substr(open + 1, what.rfind('\'') - open - 1);
    throw UsageError(fmt::format("{}:{}: {} is too large for a number", origin,
                                 place_in(text, std::min(text.find(token), text.size())), token));
  }
  throw UsageError(origin + ": nested deeper than any file of bench");
}

} // namespace

JsonDocument JsonDocument::parse(std::string_view text, const std::string& origin) {
  JsonDocument document;
  if (!JsonScanner(text, document).scan())
    complain(text, origin);
  return document;
}

} // namespace bench::results
