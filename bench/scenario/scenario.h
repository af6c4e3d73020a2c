#pragma once

#include <bench/scenario/catalog.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Scenario files: what to measure. `load` reads and checks one, `expand` turns one of its profiles
/// into cases. The reference of every key is scenarios/README.md.
namespace bench::scenario {

enum class DType { bf16, fp16, fp32 };
std::string_view to_string(DType dtype); ///< "bf16", "fp16", "fp32"
std::int64_t size_of(DType dtype);       ///< bytes of one element
std::optional<DType> parse_dtype(std::string_view text);

enum class DeviceKind { cpu, cuda };
std::string_view to_string(DeviceKind device); ///< "cpu", "cuda"
std::optional<DeviceKind> parse_device_kind(std::string_view text);

/// The input of a row-wise kernel: `rows` rows of `width` elements, "4128x3840.bf16"; or of so many
/// heads of `width` elements, "4128x30x128.bf16".
struct KernelShape {
  std::int64_t rows = 0;
  std::int64_t width = 0;
  DType dtype = DType::bf16;
  std::int64_t heads = 1;
  bool operator==(const KernelShape&) const = default;
};
std::string to_string(const KernelShape& shape);
std::optional<KernelShape> parse_kernel_shape(std::string_view text);

/// `model:` — one denoiser and the inputs it gets.
struct ModelSpec {
  std::string name;               ///< a name of the catalog: "z_image"
  std::int64_t width = 1024;      ///< of the image, pixels
  std::int64_t height = 1024;     ///< of the image, pixels
  std::int64_t picture_width = 0; ///< of the picture to edit, pixels; 0: the model takes none
  std::int64_t picture_height = 0;
  std::int64_t batch = 1;         ///< images of one caption, denoised together
  std::int64_t text_tokens = 32;  ///< caption tokens before any padding
  DType dtype = DType::bf16;      ///< of weights and activations
  std::string weights = "random"; ///< "random", "signs": from `seed`, on the device; or a path
  std::uint64_t seed = 0;         ///< of weights, latents and caption features
  std::map<std::string, std::int64_t>
      architecture; ///< every key of the catalog's model, overrides applied
  bool operator==(const ModelSpec&) const = default;
};

/// `loops.<id>:` — all steps of one image.
struct LoopSpec {
  int steps = 0;       ///< denoise steps
  double guidance = 0; ///< scale; 0: none. What it does, and in how many forwards, the model says
  std::int64_t negative_text_tokens =
      32;             ///< caption tokens of the unconditional forward (guidance > 0)
  double shift = 3.0; ///< of the flow-match schedule; 0: the model's, from tokens and steps
};

/// The engine whose loops another process runs.
inline constexpr std::string_view kWorkerEngine = "worker";

/// `workers.<id>:` — another process that runs loops.
struct WorkerSpec {
  std::string name;                 ///< its id: "diffusers"
  std::vector<std::string> command; ///< program and arguments, as written
  double patience_s = 600;          ///< it may be silent so long
  bool operator==(const WorkerSpec&) const = default;
};

/// `gate:` — how much drift is a failure.
struct Gate {
  double work = 0.002; ///< relative drift of work in either direction
};

/// `sampling:` — how much each replicate measures. Not part of a case's hash.
struct Sampling {
  int replicates = 3;     ///< fresh processes that measure every case before it is judged
  int loops = 1;          ///< whole loops timed in a loop case, at least
  double loop_time_s = 3; ///< loops are timed for at least so long
  int regions = 16;       ///< timed regions in a kernel case, over all its placements
  int placements = 8;     ///< allocations of a kernel case's buffers
  double warmup_s = 1;    ///< at least so long before the first sample, and until steady
  /// How often the GPU's power, clock and temperature are read while a loop is timed; 0: never.
  double machine_interval_s = 0.1;

  int regions_per_placement() const { return (regions + placements - 1) / placements; }
};

/// One measured denoise loop.
struct LoopCase {
  ModelSpec model;  ///< without a name where the file has none, which only workers may
  std::string loop; ///< id of the loop: "turbo-9"
  LoopSpec spec;
  std::string engine;                       ///< "eager", "graph", "worker"
  std::map<std::string, std::string> paths; ///< kernel family -> path: {"rms_norm": "aten"}
  std::optional<WorkerSpec> worker{};       ///< instead of paths, with the engine `worker`
};

/// One measured kernel.
struct KernelCase {
  std::string family; ///< "rms_norm"
  KernelShape shape;
  std::string path; ///< "aten"
};

/// One measured thing. Ids: `zimage/loop/turbo-9/graph/aten`,
/// `zimage/rms_norm/4128x3840.bf16/aten`; with several kernel families in a loop,
/// `zimage/loop/turbo-9/graph/ada_norm=fused+rms_norm=aten`; of another process
/// `zimage/loop/turbo-9/worker/diffusers`.
struct Case {
  std::string id;
  std::string hash;     ///< 16 hex digits over what defines the work and nothing else
  int work_version = 1; ///< of the model or kernel family
  DeviceKind device = DeviceKind::cuda;
  Gate gate;
  std::variant<LoopCase, KernelCase> work;

  bool is_loop() const { return std::holds_alternative<LoopCase>(work); }
};

struct Profile;
struct Document;

/// A checked scenario file.
class Scenario {
 public:
  const std::string& name() const;
  const std::filesystem::path& file() const;
  const std::string& text() const;           ///< the file as read
  std::vector<std::string> profiles() const; ///< names, in the file's order
  DeviceKind device(std::string_view profile) const;

  ~Scenario();
  Scenario(Scenario&&) noexcept;
  Scenario& operator=(Scenario&&) noexcept;

 private:
  friend Scenario load(const std::filesystem::path&, const Catalog&,
                       const std::vector<std::string>&);
  friend struct Expansion expand(const Scenario&, std::string_view, const Catalog&);
  explicit Scenario(std::unique_ptr<Document> document);
  std::unique_ptr<Document> document_;
};

/// Reads and checks a scenario file. `overrides` are `key=value` as `--set` takes them, with dotted
/// keys (`loops.turbo-9.steps=4`) and YAML values; applied before checking.
/// Throws UsageError "file:line:column: what is wrong; the mend" for text that is no YAML, unknown
/// keys, models, engines or paths (with the nearest known one), wrong types, impossible values and
/// ids given twice; "--set KEY: ..." when an override is at fault. All faults at once, a line each.
Scenario load(const std::filesystem::path& file, const Catalog& catalog,
              const std::vector<std::string>& overrides = {});

/// What a profile of a scenario measures, in the file's order.
struct Expansion {
  std::string scenario;
  std::string profile;
  DeviceKind device = DeviceKind::cuda;
  Sampling sampling;
  std::vector<Case> cases;
};

/// Throws UsageError when the profile does not exist (naming those that do) or leaves no case.
Expansion expand(const Scenario& scenario, std::string_view profile, const Catalog& catalog);

} // namespace bench::scenario
