#include <bench/results/result.h>

namespace bench::results {

const std::string* find_fact(const Facts& facts, const std::string& topic, const std::string& key) {
  const auto entries = facts.find(topic);
  if (entries == facts.end()) {
    return nullptr;
  }
  const auto entry = entries->second.find(key);
  return entry == entries->second.end() ? nullptr : &entry->second;
}

} // namespace bench::results
