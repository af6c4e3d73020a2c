#pragma once

#include <bench/measure/marker.h>
#include <bench/measure/progress.h>
#include <bench/measure/workload.h>
#include <bench/profile/record.h>
#include <bench/workers/process.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench::workers {

/// The version of the protocol (README.md) that this bench speaks.
inline constexpr int kProtocol = 1;

/// How a worker is started.
struct Launch {
  std::string name;                               ///< for messages: "diffusers"
  std::vector<std::string> argv;                  ///< program and arguments
  std::map<std::string, std::string> environment; ///< beside ours
  double patience_s = 600;                        ///< it may be silent so long
};

/// What it says of itself before anything is loaded.
struct Hello {
  bool agrees = false;       ///< it computes what the job says: model, weights, inputs, schedule
  bool agrees_later = false; ///< in steps behind the first too, as it rounds their times alike
  std::map<std::string, std::string> versions; ///< of the libraries that it names
};

/// What it says when its loop can run.
struct Ready {
  int steps = 0;
  std::string device_uuid;             ///< "GPU-..."; "" on a CPU
  std::optional<double> flop_per_step; ///< where it knows it
};

/// A result's latents as it wrote them.
struct Output {
  std::vector<std::int64_t> shape; ///< empty: it has none
  std::string bytes;               ///< fp32, dense
  std::int64_t peak_memory_bytes = 0;
};

/// Steps that ran under a profiler in the worker.
struct ProfiledSteps {
  std::string source; ///< "torch.profiler 2.11.0 in the worker"
  profile::Records records;
  std::vector<measure::Span> spans;
};

/// A loop that a worker runs and marks: its orders need no answer, so that the worker's queue runs
/// ahead of its device as in its own program. Every call throws InvalidError when the worker dies,
/// hangs, raises or writes what the protocol does not know, UnavailableError when it says that it
/// cannot run here; one line that begins with "worker NAME". Not to be used again then.
class Client final : public measure::Workload, public measure::Marker {
 public:
  /// Starts it and waits for its hello.
  Client(Launch launch, measure::Progress& progress);

  const Hello& hello() const { return hello_; }
  /// Has it load what `job`, one line of JSON, asks for and take a first step, which compiles.
  const Ready& load(std::string_view job);

  int steps() const override { return ready_.steps; }
  void begin() override { order("begin"); }
  void step(int index) override;

  void mark() override;
  std::vector<measure::Span> take() override;
  std::optional<double> enqueue_s() const override { return enqueue_s_; }
  int capacity() const override { return kCapacity; }

  /// The latents as they are now, by way of a file that is gone afterwards.
  Output output();
  /// Runs `steps` steps under a profiler with a mark before, between and behind them.
  ProfiledSteps profile(int steps);

 private:
  static constexpr int kCapacity = 4096; ///< of make_stamp_marker

  template <typename Call>
  auto named(const Call& call) const;
  void order(std::string_view line);
  template <typename Answer>
  auto answer_line(std::string_view key, const Answer& parse);
  template <typename Answer>
  auto answer(std::string_view key, const Answer& parse);

  Launch launch_;
  measure::Progress& progress_;
  std::string phase_; ///< what it does, while we wait
  std::optional<Process> process_;
  Hello hello_;
  Ready ready_;
  int marks_ = 0; ///< since the last take
  std::optional<double> enqueue_s_;
};

} // namespace bench::workers
