#pragma once

#include <bench/scenario/scenario.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace bench::runner {

/// What a user says of the jobs.
struct JobOptions {
  std::vector<std::filesystem::path> scenarios;
  std::string only;           ///< regular expression searched in case ids; "": all
  bool first_of_each = false; ///< instead: the first loop and the first kernel, on all paths
  std::string profile;        ///< "": gate where there is a GPU, else cpu
  std::filesystem::path out;  ///< "": results/<scenario>-<profile>-<time>.json
  std::vector<std::string> overrides; ///< of --set
};

/// One scenario of a run: what to measure and where its result goes.
struct Job {
  scenario::Scenario scenario;
  scenario::Expansion plan;
  std::filesystem::path out;
  std::vector<std::string> overrides; ///< that the scenario was read with
  std::string only;                   ///< by which its cases were chosen; "": all
};

/// Reads the scenarios, chooses profiles (gate where there is a usable GPU, else cpu), narrows them
/// to options.only. Throws UsageError.
std::vector<Job> make_jobs(const JobOptions& options, const scenario::Catalog& catalog);

/// What `--dry-run` prints: cases with their hashes, and the memory the model needs.
void print_plan(const Job& job, std::FILE* out);

} // namespace bench::runner
