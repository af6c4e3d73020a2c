#include <bench/base/fnv1a.h>
#include <bench/scenario/hash.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>

namespace bench::scenario {

namespace {

// Committed baselines hold these hashes: a change of any line below makes them all incomparable.
class Canonical {
 public:
  template <typename Value>
  void add(std::string_view key, const Value& value) {
    fmt::format_to(std::back_inserter(text_), "{}={}\n", key, value);
  }

  void operator()(const LoopCase& loop) {
    add("kind", "loop");
    add("model", loop.model.name);
    add("width", loop.model.width);
    add("height", loop.model.height);
    if (loop.model.picture_width > 0) {
      add("conditioning",
          fmt::format("{}x{}", loop.model.picture_width, loop.model.picture_height));
    }
    if (loop.model.batch != 1) // a key younger than the first baselines
      add("batch", loop.model.batch);
    add("text_tokens", loop.model.text_tokens);
    add("dtype", to_string(loop.model.dtype));
    add("weights", loop.model.weights);
    add("seed", loop.model.seed);
    for (const auto& [key, value] : loop.model.architecture)
      add("architecture." + key, value);
    add("steps", loop.spec.steps);
    add("guidance", loop.spec.guidance);
    if (loop.spec.guidance > 0) // else no forward gets these tokens
      add("negative_text_tokens", loop.spec.negative_text_tokens);
    add("shift", loop.spec.shift);
    add("engine", loop.engine);
    for (const auto& [family, path] : loop.paths)
      add("path." + family, path);
    if (loop.worker)
      add("worker", fmt::format("{}", fmt::join(loop.worker->command, "\n ")));
  }

  void operator()(const KernelCase& kernel) {
    add("kind", "kernel");
    add("family", kernel.family);
    add("shape", to_string(kernel.shape));
    add("path", kernel.path);
    add("places", "of the shape"); // bench/kernel_bench/places.h: where they move, this changes
  }

  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

} // namespace

std::string canonical_work(const Case& measured) {
  Canonical canonical;
  canonical.add("device", to_string(measured.device));
  canonical.add("work_version", measured.work_version);
  std::visit([&](const auto& work) { canonical(work); }, measured.work);
  return canonical.take();
}

std::string case_hash(const Case& measured) {
  return fmt::format("{:016x}", fnv1a(canonical_work(measured)));
}

} // namespace bench::scenario
