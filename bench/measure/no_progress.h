#pragma once

#include <bench/measure/progress.h>

#include <string_view>

namespace bench::measure {

/// Shows nothing: for tests.
class NoProgress : public Progress {
 public:
  void start(int) override {}
  void begin(std::string_view) override {}
  void phase(std::string_view, double) override {}
  void end(std::string_view) override {}
};

} // namespace bench::measure
