#include <bench/base/error.h>
#include <bench/measure/worker.h>
#include <bench/runner/arm_program.h>

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <vector>

namespace bench::runner {
namespace {

namespace fs = std::filesystem;

constexpr double kBuildPatience =
    3600; // seconds without a line on stdout; a build writes to stderr

/// What a program on the PATH writes, without the last newline; none when it fails.
std::optional<std::string> output_of(std::vector<std::string> argv) {
  argv.insert(argv.begin(), "/usr/bin/env");
  std::string text;
  const auto end = measure::run_worker(argv, kBuildPatience, [&](std::string_view line) {
    text += text.empty() ? "" : "\n";
    text += line;
  });
  return end.fault.empty() ? std::optional(text) : std::nullopt;
}

/// The checkout that this program was built in; none in a bundle.
std::optional<fs::path> checkout() {
  std::vector<fs::path> places;
  if (const char* root = std::getenv("BENCH_ROOT"))
    places.emplace_back(root);
  places.push_back(measure::this_executable() / "../../../..");
  for (const fs::path& place : places)
    if (fs::exists(place / "ci" / "checkout") && fs::exists(place / ".git"))
      return fs::weakly_canonical(place);
  return std::nullopt;
}

ArmProgram of_revision(std::string_view arm, const std::string& text) {
  const std::optional<fs::path> root = checkout();
  if (!root)
    throw UnavailableError(
        fmt::format("{} '{}': no folder with bundle.json, and without a checkout no git revision "
                    "can be built; pack both with `ci/bundle --pair A B` where a compiler is",
                    arm, text));
  const auto sha = output_of({"git", "-C", root->string(), "rev-parse", "--verify", "--quiet",
                              "--end-of-options", text + "^{commit}"});
  if (!sha)
    throw UsageError(fmt::format("{} '{}': neither a folder with bundle.json nor a git revision "
                                 "of {}; `git log --oneline` there shows some",
                                 arm, text, root->string()));
#ifdef BENCH_CUDA
  setenv("BENCH_PRESET", "cuda", 1); // both arms are built alike
#else
  setenv("BENCH_PRESET", "cpu", 1);
#endif
  unsetenv("BENCH_EXECUTABLE");
  const auto folder = output_of({(*root / "ci" / "checkout").string(), *sha});
  if (!folder)
    throw UnavailableError(fmt::format(
        "{} '{}': it could not be built, see above; without a compiler compare bundles: "
        "`ci/bundle --pair A B` packs two revisions",
        arm, text));
  return {fs::path(*folder) / "ci" / "bench",
          sha->starts_with(text) ? sha->substr(0, 12)
                                 : fmt::format("{} ({})", text, sha->substr(0, 12))};
}

} // namespace

ArmProgram arm_program(std::string_view arm, const std::string& text) {
  if (text.empty() || text == ".")
    return {measure::this_executable(), "this build"};
  if (!fs::is_directory(text))
    return of_revision(arm, text);
  const fs::path folder = fs::absolute(text);
  if (!fs::exists(folder / "bundle.json") || !fs::exists(folder / "ci" / "bench"))
    throw UsageError(fmt::format("{} '{}': a folder, but no bundle: it has no bundle.json and "
                                 "ci/bench; `ci/bundle` makes one",
                                 arm, text));
  unsetenv("BENCH_EXECUTABLE");
  return {folder / "ci" / "bench", fmt::format("bundle {}", text)};
}

} // namespace bench::runner
