#include <bench/base/file.h>
#include <bench/results/sample_result.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <sstream>
#include <string>

namespace bench::results {
namespace {

/// "cases[].check.rms" of every key in the document; the keys of free maps are no part of the
/// format.
void collect_keys(const nlohmann::ordered_json& value, const std::string& place,
                  std::set<std::string>& keys) {
  static const std::set<std::string> kFreeMaps{"machine",
                                               "settings",
                                               "origins[].machine",
                                               "origins[].settings",
                                               "phases_s",
                                               "cases[].parameters",
                                               "cases[].phases_s",
                                               "cases[].kernels",
                                               "cases[].replicates[].machine"};
  if (value.is_array()) {
    for (const auto& element : value)
      collect_keys(element, place + "[]", keys);
  } else if (value.is_object() && !kFreeMaps.contains(place)) {
    for (const auto& [key, member] : value.items()) {
      const std::string member_place = place.empty() ? key : place + "." + key;
      keys.insert(member_place);
      collect_keys(member, member_place, keys);
    }
  }
}

/// The same out of the README: a table row "| `rms` | ..." under the heading "## `cases[].check`".
std::set<std::string> documented_keys() {
  std::set<std::string> keys;
  std::istringstream lines(read_file(BENCH_RESULTS_DIR "/README.md"));
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t open = line.find('`');
    const std::string word =
        open == line.npos ? "" : line.substr(open + 1, line.find('`', open + 1) - open - 1);
    if (line.starts_with("## "))
      section = word.empty() ? "" : word + ".";
    else if (line.starts_with("| `"))
      keys.insert(section + word);
  }
  return keys;
}

TEST(Readme, DocumentsEveryKeyAndNoOther) {
  std::set<std::string> written;
  collect_keys(to_json(sample_result()), "", written);
  EXPECT_EQ(documented_keys(), written);
}

} // namespace
} // namespace bench::results
