// bench-measure: the verbs of bench that need torch. bench starts it, and it starts itself for each
// replicate.

#include <bench/base/error.h>
#include <bench/cli/program.h>
#include <bench/device/device.h>
#include <bench/doctor/doctor.h>
#include <bench/replicate/answer.h>
#include <bench/replicate/facts.h>

#include <fmt/format.h>

namespace bench::cli {
namespace {

ExitCode run_doctor() {
  doctor::Build build;
#ifdef BENCH_CUDA
  build.cuda = true;
#endif
  build.libraries = [](bool on_gpu) {
    const auto kind = on_gpu ? scenario::DeviceKind::cuda : scenario::DeviceKind::cpu;
    return replicate::software_facts(*device::open_device(kind));
  };
  return doctor::print_report(stdout, build);
}

ExitCode run_verb(const CommandLine& line) {
  if (line.verb == "run")
    return run(line.run);
  if (line.verb == "ab")
    return ab(line.ab);
  if (line.verb == "profile")
    return profile(line.profile);
  if (line.verb == "selftest")
    return selftest(line.selftest);
  if (line.verb == "replicate")
    return replicate::answer(line.replicate_request);
  if (line.verb == "list") {
    list(line.list, stdout);
    return ExitCode::ok;
  }
  if (line.verb == "doctor")
    return run_doctor();
  throw UsageError(fmt::format("bench-measure only measures: call `bench {}`", line.verb));
}

} // namespace
} // namespace bench::cli

int main(int argc, char** argv) {
  return bench::cli::run_program(argc, argv, bench::cli::run_verb);
}
