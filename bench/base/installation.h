#pragma once

#include <filesystem>

/// What this program finds beside itself, in a checkout (build/cpu/bin/bench) and in a bundle
/// (bin/bench).
namespace bench {

/// The folder that holds `part` ("reports/__main__.py"): BENCH_ROOT, else the nearest one above
/// this program. Empty when neither has it.
std::filesystem::path installation_with(const std::filesystem::path& part);

/// The program of that name in this program's folder, where the two are built or packed together.
std::filesystem::path program_beside(const std::filesystem::path& name);

/// The shared library of that name: in ../lib of the program, or of a pair of bundles
/// (A/bin/bench) in the lib/ they share. Empty when it is in neither.
std::filesystem::path installed_library(const std::filesystem::path& name);

/// The Python that a user means by `python3`: BENCH_PYTHON, else .venv/bin/python3 below `root`,
/// else python3 of the PATH. In a bundle BENCH_PYTHON is the one whose torch this program runs on.
std::filesystem::path installed_python(const std::filesystem::path& root);

} // namespace bench
