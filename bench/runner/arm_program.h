#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace bench::runner {

/// What one arm of `bench ab` runs.
struct ArmProgram {
  std::filesystem::path file; ///< takes the arguments of bench
  std::string label;          ///< for people: "this build", "bundle old", "main (c51be2b0a1b2)"
};

/// `text` as a user names an arm: "" or "." this very build; a folder with bundle.json, started
/// through its own ci/bench so that it finds its libraries; else a git revision, which is checked
/// out and built by this checkout's ci/checkout (minutes the first time). `arm` is "A" or "B", for
/// messages. Throws UsageError for what is none of these, UnavailableError where a revision cannot
/// be built.
ArmProgram arm_program(std::string_view arm, const std::string& text);

} // namespace bench::runner
