#pragma once

#include <bench/base/exit_code.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace CLI {
class App;
}

namespace bench::cli {

struct ExplainOptions {
  std::filesystem::path base{}; ///< a result file, or a folder that holds <scenario>.json
  std::filesystem::path fresh{};
  std::string only{}; ///< cases, as --only of `bench run`
  std::string with{}; ///< the one case of `fresh` that is held against the one of `base`
  std::string format = "table";
  int rows = 24;
};

void add_explain(CLI::App& app, ExplainOptions& options);

/// `bench explain`: the drift of cases split over their kernels. Throws bench::Error: usage for
/// what is not there, missing where the work of a case differs.
ExitCode explain_results(const ExplainOptions& options, std::FILE* out);

} // namespace bench::cli
