#pragma once

#include <bench/scenario/tree.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench::scenario {

/// One map of the schema as it holds in one place of the file: what the most specific map says,
/// else the next one, else the schema's default. Only for keys that check_keys passed.
class Section {
 public:
  /// `maps`: most specific first, null where absent. `pattern`: the schema's path of the last.
  Section(std::string pattern, std::vector<const Node*> maps)
      : pattern_(std::move(pattern)), maps_(std::move(maps)) {}
  /// The scenario's map with a profile's changes, either null where absent. What `--set` gives the
  /// scenario comes before what the file says of the profile.
  static Section of_profile(std::string pattern, const Node* profile, const Node* scenario);

  const Node* find(std::string_view key) const;
  std::string_view text(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  double fraction(std::string_view key) const;
  double duration(std::string_view key) const;

 private:
  std::string pattern_;
  std::vector<const Node*> maps_;
  bool set_first_ = false;
};

/// Whether a profile's value, or list, counts less than the scenario's: it is of the file, and the
/// scenario's is of `--set`.
bool is_overruled(const Node& profile, const Node& scenario);

/// The scalars of a list.
std::vector<std::string> texts(const Node& list);

/// `node->find(key)`, null for null: a way down through maps that may be absent.
inline const Node* child(const Node* node, std::string_view key) {
  return node == nullptr ? nullptr : node->find(key);
}

} // namespace bench::scenario
