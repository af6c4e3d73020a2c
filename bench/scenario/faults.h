#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench::scenario {

/// Where a value was written: in the file, or on the command line by `--set`.
struct Place {
  int line = 1;                  ///< from 1
  int column = 1;                ///< from 1
  std::string override_key = {}; ///< KEY of `--set KEY=VALUE`; "" for a place in the file

  bool is_set() const { return !override_key.empty(); } ///< by `--set`
};

/// What is wrong with a scenario: collected, so that a user mends all of it at once.
class Faults {
 public:
  explicit Faults(std::string file) : file_(std::move(file)) {}

  void add(const Place& place, std::string message);
  bool empty() const { return faults_.empty(); }

  /// Throws UsageError, a line for each fault in the order of the file, then those of `--set`.
  void throw_if_any() const;

 private:
  struct Fault {
    Place place;
    std::string message;
  };
  std::string file_;
  std::vector<Fault> faults_;
};

} // namespace bench::scenario
