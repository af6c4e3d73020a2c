#include <bench/base/error.h>
#include <bench/base/pattern.h>

#include <fmt/format.h>

#include <regex>
#include <stdexcept>

namespace bench {

struct Pattern::Compiled {
  std::regex regex;
};

Pattern::Pattern(const std::string& text, Grammar grammar) {
  const auto syntax = grammar == Grammar::extended ? std::regex::extended : std::regex::ECMAScript;
  try {
    compiled_ = std::make_shared<const Compiled>(Compiled{std::regex(text, syntax)});
  } catch (const std::regex_error& e) {
    throw std::invalid_argument(e.what());
  }
}

bool Pattern::is_in(const std::string& text) const {
  return std::regex_search(text, compiled_->regex);
}

Pattern pattern_option(const std::string& name, const std::string& text, Pattern::Grammar grammar) {
  try {
    return Pattern(text, grammar);
  } catch (const std::invalid_argument& e) {
    throw UsageError(fmt::format("{} '{}': no regular expression ({})", name, text, e.what()));
  }
}

} // namespace bench
