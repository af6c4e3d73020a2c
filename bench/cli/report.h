#pragma once

#include <bench/base/exit_code.h>
#include <bench/compare/verdicts.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace bench::cli {

struct ReportOptions {
  std::filesystem::path result{};
  std::string baseline{}; ///< as `bench run --baseline`
  /// The baseline that the present one replaced on purpose; "": none was.
  std::filesystem::path old_baseline{};
  std::filesystem::path out{}; ///< "": beside the result, its name without .json
  std::string fail_on = std::string(compare::kDefaultFailOn);
  int figures = 12;              ///< cases drawn at most, those that changed first
  std::filesystem::path noise{}; ///< "": noise_of() the baseline
  std::vector<std::filesystem::path>
      pairs{};                      ///< of `bench ab`, for what the baseline cannot decide
  std::vector<std::string> notes{}; ///< lines to say beside those of the comparison
};

void add_report(CLI::App& app, ReportOptions& options);

/// `bench report`: writes `comparison.json` and has the Python package reports/ make Markdown,
/// HTML, figures and exports of it. Exits ok when they were written, whatever the verdicts; usage
/// when the result or its baseline cannot be read, which the report then says too. Throws
/// UsageError, UnavailableError for a Python that is not there or lacks what the package needs.
ExitCode report(const ReportOptions& options);

} // namespace bench::cli
