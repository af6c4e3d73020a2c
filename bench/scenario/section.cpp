#include <bench/scenario/quantity.h>
#include <bench/scenario/schema.h>
#include <bench/scenario/section.h>

#include <fmt/format.h>

namespace bench::scenario {

bool is_overruled(const Node& profile, const Node& scenario) {
  return scenario.place.is_set() && !profile.place.is_set();
}

Section Section::of_profile(std::string pattern, const Node* profile, const Node* scenario) {
  Section section(std::move(pattern), {profile, scenario});
  section.set_first_ = true;
  return section;
}

const Node* Section::find(std::string_view key) const {
  const Node* found = nullptr;
  for (const Node* map : maps_)
    if (const Node* value = child(map, key);
        value && (!found || (set_first_ && is_overruled(*found, *value))))
      found = value;
  return found;
}

std::string_view Section::text(std::string_view key) const {
  if (const Node* value = find(key))
    return value->text;
  return schema_key(fmt::format("{}.{}", pattern_, key)).fallback;
}

// value(): a text that check_keys let pass and that does not parse is a bug, and must not be a
// zero.
std::int64_t Section::integer(std::string_view key) const {
  return parse_integer(text(key)).value();
}

double Section::number(std::string_view key) const {
  return parse_number(text(key)).value();
}

double Section::fraction(std::string_view key) const {
  return parse_fraction(text(key)).value();
}

double Section::duration(std::string_view key) const {
  return parse_duration(text(key)).value();
}

std::vector<std::string> texts(const Node& list) {
  std::vector<std::string> texts;
  for (const Node& item : list.items)
    texts.push_back(item.text);
  return texts;
}

} // namespace bench::scenario
