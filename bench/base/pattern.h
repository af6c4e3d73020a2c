#pragma once

#include <memory>
#include <string>

namespace bench {

/// A regular expression. <regex>, which takes seconds to compile, stays in pattern.cpp.
class Pattern {
 public:
  enum class Grammar { ecmascript, extended /**< as grep -E */ };

  /// Throws std::invalid_argument, which says what is wrong with `text`.
  explicit Pattern(const std::string& text, Grammar grammar = Grammar::ecmascript);

  /// Whether it is found anywhere in `text`.
  bool is_in(const std::string& text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

/// That of the option `name` ("--only"). Throws UsageError.
Pattern pattern_option(const std::string& name, const std::string& text,
                       Pattern::Grammar grammar = Pattern::Grammar::ecmascript);

} // namespace bench
