#pragma once

#include <nlohmann/json_fwd.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The result of one run of one scenario: the JSON document that everything downstream reads. SI
/// units (seconds, hertz, joules, bytes); raw samples kept; what can be derived is not stored.
/// README.md beside this file is the reference of the document's keys.
namespace bench::results {

inline constexpr int kSchemaVersion = 1;

/// Seconds. A sample outside is no measurement: no launch is faster, and no step anybody waits for
/// takes longer.
inline constexpr double kShortestSample_s = 1e-9;
inline constexpr double kLongestSample_s = 86400;

/// Samples of one replicate as columns of equal length. A sample is one denoise step or one timed
/// region of kernel launches.
struct Samples {
  std::vector<double> start_s;    ///< since the replicate's first sample
  std::vector<double> t_s;        ///< duration: of the step, or of one launch (region / launches)
  std::vector<double> f_hz;       ///< effective SM frequency; NaN where unknown (JSON null)
  std::vector<std::int32_t> loop; ///< which loop (loop cases) or placement (kernel cases), from 0
  std::vector<std::int32_t> step; ///< step in its loop, or region in its placement, from 0
};

/// What the GPU's driver told while a loop was sampled, as columns of equal length; NaN (JSON
/// null): it did not. `sampling.machine_interval` says how often; a long trace is thinned evenly.
struct Trace {
  std::vector<double> t_s; ///< on the axis of Samples::start_s; the first may lie before 0
  std::vector<double> power_w;
  std::vector<double> sm_clock_hz;
  std::vector<double> temperature_c;
  std::vector<double> clocks_events; ///< nvmlClocksEventReasons, a whole number
};

/// A process that was on the GPU just before or just after a case.
struct GpuProcess {
  std::string when; ///< "before" or "after"
  std::int64_t pid = 0;
  std::string kind;                           ///< "compute", "graphics" or "MPS"
  std::string name;                           ///< "" where it is not visible from here
  std::optional<std::int64_t> memory_bytes{}; ///< of the GPU
  bool foreign = false;                       ///< not of the measurement: the case is invalid
};

/// One fresh process on one device: the unit that statistics count.
struct Replicate {
  std::int64_t process = 0; ///< process id
  std::string started;      ///< UTC, ISO 8601
  std::string device_uuid;  ///< "GPU-..."; "" on a CPU
  std::uint64_t seed = 0;   ///< of the order of cases and the input of kernels
  /// The GPU just before and after the case ("before" -> "power_w" -> 690.1); empty on a CPU and
  /// in files of an older bench. Of loops "sampled" -> "energy_j", "steps": what the GPU used from
  /// the first sample to the last, and for how many steps; "power_w" (mean), "temperature_c"
  /// (highest), "readings": of the readings of that time, also those that the trace lacks. And
  /// "clocks_events" -> "SwPowerCap": in which share of them.
  std::map<std::string, std::map<std::string, double>> machine;
  Samples samples;
  std::optional<Trace> trace{}; ///< none on a CPU, of kernels, in baselines
  std::vector<GpuProcess>
      processes{}; ///< before and after; none on a CPU, of anchors, in baselines
  std::optional<std::size_t> origin{}; ///< in Result::origins; none: the result's own
};

/// Joules of one sample, where NVML counted them; NVML counts in steps of about 0.1 s.
std::optional<double> energy_per_sample(const Replicate& replicate);

/// Degrees Celsius of the GPU, the mean of before and after, where both are known.
std::optional<double> mean_temperature(const Replicate& replicate);

/// The SM clock looked locked by hand in at least half of the readings taken of a sampled loop.
bool looked_locked(const Replicate& replicate);

/// What the case computed, so that a faster wrong path is caught.
struct Check {
  bool finite = true;
  std::string checksum; ///< of the output's bytes, 16 hex digits: equal outputs, equal checksums
  std::optional<double> rms;           ///< root mean square of the output
  std::optional<double> max_abs_error; ///< against fp64 (kernels)
  std::optional<double> max_ulp; ///< against the fp64 result rounded to the output's type (kernels)
  /// Elements that are the fp64 result correctly rounded; 1: equal bit for bit (kernels).
  std::optional<double> exact_share;
  std::optional<double> step_error; ///< of the compared steps against the reference's (loops)
  std::optional<double> psnr_db;    ///< of the latents between paths and engines (loops)
};

/// What the times are held against, measured beside them.
struct Reference {
  std::optional<double> copy_t_s;          ///< copying the same bytes (kernels), seconds
  std::optional<double> matmul_flop_per_s; ///< a large matrix product in the model's type (loops)
  std::optional<double> matmul_f_hz;       ///< the SM clock at which it was that fast
};

/// What the GPU's counters said of one launch of a kernel, or of a whole step.
struct Counters {
  double dram_read_bytes = 0;
  double dram_written_bytes = 0;
  double l2_hit_rate = 0;        ///< of sectors asked for, 0 to 1
  double tensor_utilization = 0; ///< tensor pipes' active cycles over all cycles, 0 to 1
};

/// The launches of one kernel with one grid by one operator, in one sample.
struct ProfiledKernel {
  std::string name{}; ///< demangled, cut to 160 characters; "[memcpy]", "[memset]"
  std::string
      operation{}; ///< what launched it: "rms_norm", "attention", "linear", ...; else "other"
  std::array<std::int64_t, 3> grid{};
  std::array<std::int64_t, 3> block{};
  std::int64_t registers = 0; ///< of a thread
  std::int64_t shared_memory_bytes = 0;
  std::int64_t launches = 0; ///< in one sample
  double total_s = 0;        ///< in one sample, of all launches, each from its predecessors' end
  double median_s = 0;       ///< of a launch
  std::optional<Counters> counters{};
};

/// The kernels of one sample of a case as a profiler saw them, in a pass of its own after the timed
/// samples (bench/profile). sum(total_s) + gaps_s is sample_s.
struct KernelProfile {
  std::string source{};         ///< "CUPTI 13.0 activity"
  std::string message{};        ///< why there are no kernels or not all of them; one line, or ""
  std::int64_t samples = 0;     ///< that were profiled
  double sample_s = 0;          ///< a sample under the profiler, from the last one's end to its own
  double gaps_s = 0;            ///< of it no kernel ran
  std::optional<double> f_hz{}; ///< effective SM frequency of the profiled samples
  /// A sample between profiled ones while the profiler slept: what it costs is sample_s less this.
  std::optional<double> plain_sample_s{};
  /// Of a step of a loop as a whole, its kernels beside each other as they run when it is timed.
  std::optional<Counters> counters{};
  std::string counters_message{};        ///< why nothing, or not all, was counted; one line, or ""
  std::vector<ProfiledKernel> kernels{}; ///< longest total first
};

/// Read from and written to memory by a whole step, where that was counted.
std::optional<double> counted_bytes(const KernelProfile& profile);

enum class CaseStatus { ok, invalid, failed, unavailable };
inline constexpr std::array<CaseStatus, 4> kCaseStatuses{
    CaseStatus::ok, CaseStatus::invalid, CaseStatus::failed, CaseStatus::unavailable};
std::string_view to_string(CaseStatus status);

struct CaseResult {
  std::string id;
  std::string kind; ///< "loop", "kernel", or "anchor": a frozen workload of the harness
  std::string hash;
  int work_version = 1;
  CaseStatus status = CaseStatus::ok;
  std::string message; ///< why not ok, or what to know though it is; one line
  std::map<std::string, std::string>
      parameters;           ///< for people and filters: engine, path, steps, rows, ...
  double gate_work = 0.002; ///< relative drift of work that is a failure
  std::vector<Replicate> replicates;
  Check check;
  Reference reference;
  double flop = 0;                      ///< modelled, of one sample
  double bytes = 0;                     ///< modelled least traffic of one sample (kernels), else 0
  std::optional<std::int64_t> launches; ///< kernels launched by one sample, where counted
  std::map<std::string, std::int64_t>
      kernels;                        ///< kernel name -> launches of one sample, where counted
  std::int64_t peak_memory_bytes = 0; ///< of the device while the case ran; 0 where unknown
  std::map<std::string, double>
      phases_s;                         ///< where its seconds went: warmup, capture, samples, check
  std::optional<KernelProfile> profile; ///< where the run was told to take one
};

/// Name and version strings, device facts, settings that change speed: two levels, free keys, so
/// that a new fact needs no new schema ("gpu" -> "uuid" -> "GPU-...").
using Facts = std::map<std::string, std::map<std::string, std::string>>;

/// What is set on a GPU, and changes its speed: among the facts of a machine, and in its states
/// before and after a case.
struct GpuLimit {
  const char* key;
  const char* name; ///< for messages
  double unit;      ///< of the symbol's, in the key's
  const char* symbol;
};
inline constexpr std::array<GpuLimit, 2> kGpuLimits{
    {{"power_limit_w", "power limit", 1, "W"},
     {"application_sm_clock_hz", "application clock", 1e6, "MHz"}}};

/// Null when nobody knows it.
const std::string* find_fact(const Facts& facts, const std::string& topic, const std::string& key);

struct FactChange {
  std::string key;
  std::string before;
  std::string now;
};
/// Of a topic, where both have something to say: a fact that one of them lacks is unknown, not
/// different.
std::vector<FactChange> changed_facts(const Facts& before, const Facts& now,
                                      const std::string& topic);

/// The build and the machine that a replicate was measured by, and what for.
struct Origin {
  std::string git_sha;
  bool git_dirty = false;
  std::string profile; ///< of the scenario, that ran; "": a file of an older bench does not say
  Facts machine;
  Facts settings;
  bool operator==(const Origin&) const = default;
};

struct Result {
  std::string tool_version;
  std::string git_sha; ///< of the harness
  bool git_dirty = false;
  std::vector<std::string> argv;
  std::string started;  ///< UTC, ISO 8601
  std::string finished; ///< "" while running or when interrupted
  bool interrupted = false;
  std::string scenario;
  std::string scenario_file;
  std::string scenario_text;
  std::vector<std::string> overrides; ///< of --set
  std::string only;                   ///< of --only; "": all cases of the profile
  std::string profile;
  std::string device; ///< "cpu" or "cuda"
  Facts machine;
  Facts settings;
  std::vector<Origin> origins{}; ///< of replicates that are of another run, build or machine
  std::vector<CaseResult> cases;
  std::map<std::string, double> phases_s; ///< where the run's seconds went: start, weights, ...
};

/// Null where there is none. Of a Result, or of one that is const.
template <typename AnyResult>
auto find_case(AnyResult& result, std::string_view id) -> decltype(&*result.cases.begin()) {
  const auto found = std::ranges::find(result.cases, id, &CaseResult::id);
  return found == result.cases.end() ? nullptr : &*found;
}

/// Whether one process measured both: ids come round again, on a GPU not at the same time.
bool same_process(const Replicate& a, const Replicate& b);

/// Whether any replicate has some.
bool has_samples(const CaseResult& c);

/// Notes that the GPU did steps of the loop as soon as the host had enqueued them, and idled
/// between: its time is the host's and does not follow the SM clock.
void note_gpu_waits_for_host(CaseResult& loop);
bool gpu_waits_for_host(const CaseResult& loop);

/// How what `fresh` measured differs from what `base` did, in a line; "" where it does not.
std::string work_change(const CaseResult& base, const CaseResult& fresh);

/// Whether they did the same: only then their times may be compared.
bool same_work(const CaseResult& a, const CaseResult& b);

/// Origin `index` of the result; none: its own, without how it was promoted.
Origin origin_of(const Result& result, std::optional<std::size_t> index);

/// The profile that ran when this replicate was measured, and the revision of the harness: its
/// origin's, else the result's own.
const std::string& profile_of(const Result& result, const Replicate& replicate);
const std::string& revision_of(const Result& result, const Replicate& replicate);

/// Sets where a replicate of `to` comes from, and adds that to `to.origins` where it is new.
void set_origin(Result& to, Replicate& replicate, const Origin& origin);

/// Leaves out the origins that no replicate has.
void prune_origins(Result& result);

/// The document, every key present, in the order of README.md. Throws std::invalid_argument naming
/// the case for what from_json would refuse (unequal columns, a time that no sample takes, a case
/// twice), so that no run leaves a file behind that cannot be read.
nlohmann::ordered_json to_json(const Result& result);

/// The document as `write` lays it out: a member a line, but a column of samples on one line.
std::string to_text(const Result& result);

/// Throws UsageError naming `origin` and the JSON place ("r.json:
/// /cases/3/replicates/0/samples/t_s:
/// ...") for truncated or foreign text, a newer schema, missing or unequal columns, times of
/// samples outside kShortestSample_s to kLongestSample_s, a case twice, an origin on another GPU
/// model. Keys that this version does not know are ignored.
Result from_json(std::string_view text, const std::string& origin);

Result read(const std::filesystem::path& path);
/// Atomic; see write_file_atomically for its errors.
void write(const Result& result, const std::filesystem::path& path);

} // namespace bench::results
