#include <bench/anchors/anchors.h>
#include <bench/base/error.h>
#include <bench/base/stopwatch.h>
#include <bench/device/tensor.h>
#include <bench/engines/engine.h>
#include <bench/kernel_bench/driver.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/sampler.h>
#include <bench/replicate/agreement.h>
#include <bench/replicate/case_results.h>
#include <bench/replicate/loop_setup.h>
#include <bench/replicate/state_watch.h>
#include <bench/replicate/worker_setup.h>
#include <kernels/paths.h>

#include <ATen/core/Tensor.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>

namespace bench::replicate {
namespace {

std::map<std::string, std::string> parameters(const scenario::LoopCase& loop) {
  std::map<std::string, std::string> p{
      {"loop", loop.loop},
      {"steps", fmt::format("{}", loop.spec.steps)},
      {"guidance", fmt::format("{}", loop.spec.guidance)},
      {"engine", loop.engine},
  };
  p.insert(loop.paths.begin(), loop.paths.end());
  if (loop.model.name.empty())
    return p;
  p.insert({{"model", loop.model.name},
            {"resolution", fmt::format("{}x{}", loop.model.width, loop.model.height)},
            {"batch", fmt::format("{}", loop.model.batch)},
            {"text_tokens", fmt::format("{}", loop.model.text_tokens)},
            {"dtype", std::string(to_string(loop.model.dtype))},
            {"weights", loop.model.weights},
            {"seed", fmt::format("{}", loop.model.seed)}});
  for (const auto& [key, value] : loop.model.architecture)
    p["architecture." + key] = fmt::format("{}", value);
  return p;
}

/// Its output means nothing, so it need not agree with any.
bool is_floor(const scenario::LoopCase& loop) {
  return std::ranges::any_of(loop.paths, [](const auto& one) {
    const kernels::Path* path = kernels::find_path(one.second);
    return path && path->is_floor;
  });
}

measure::SamplePlan loop_plan(const scenario::Sampling& sampling) {
  return {.loops = sampling.loops,
          .loop_time_s = sampling.loop_time_s,
          .warmup_s = sampling.warmup_s,
          .on_steady = {}};
}

void add_samples(results::Replicate& replicate, const measure::Sampled& sampled) {
  const double origin_s = sampled.samples.front().span.start_s;
  for (const measure::Sample& s : sampled.samples)
    add_sample(replicate.samples, s.span.start_s - origin_s, s.span.t_s, s.span.f_hz, s.loop,
               s.step);
}

class LoopMeasurement {
 public:
  LoopMeasurement(const Bench& bench, std::unique_ptr<device::Arena> arena,
                  std::map<std::string, double>& phases_s)
      : bench_(bench), phases_s_(phases_s), loops_(bench.device, std::move(arena), bench.progress),
        state_(nvml_device(bench.device)), agreement_(bench.device) {}

  void begin_case() { loops_.begin_case(); }

  results::CaseResult measure(const scenario::Case& c, const std::optional<Injection>& injection) {
    results::CaseResult result = begin_result(c, "loop");
    const auto& loop = std::get<scenario::LoopCase>(c.work);
    result.parameters = parameters(loop);
    for (const auto& [family, path] : loop.paths)
      note_plugins(result, {path});
    if (injection)
      result.id = injected_id(c.id, *injection);
    try {
      if (loop.worker)
        measure_worker(loop, injection.value_or(Injection{}), result);
      else
        measure(injected_loop(loop, injection.value_or(Injection{})),
                injection.value_or(Injection{}), result);
    } catch (const measure::Interrupted&) {
      throw;
    } catch (...) {
      set_failure(result, std::current_exception());
    }
    bench_.device.release_reserves();
    return result;
  }

 private:
  void measure(const scenario::LoopCase& loop, const Injection& injection,
               results::CaseResult& result) {
    Stopwatch watch;
    models::Denoiser& network = loops_.network(loop);
    phases_s_["weights"] += watch.lap();
    bench_.progress.phase("matrix peak");
    note_matmul_peak(loop.model.dtype, result.reference);
    phases_s_["reference"] += watch.lap();

    const Agreement::Reference* reference = nullptr;
    if (!is_floor(loop)) {
      bench_.progress.phase("reference");
      reference = &agreement_.reference(loop, [&]() -> models::Denoiser& { return network; });
      loops_.network(loop); // on the case's paths again
    }
    const double reference_s = watch.lap();

    bench_.device.take_peak_memory();
    const auto [place, denoise, prepared] = loops_.make(network, loop, injection);
    set_kernels(result, prepared->kernels());
    result.flop = denoise->flop_per_step();
    result.parameters["forwards_per_step"] = fmt::format("{}", denoise->forwards_per_step());
    result.phases_s["capture"] = watch.lap();
    note_place(place.get(), result);

    sample(*prepared, loops_.marker(), result);

    watch.lap();
    bench_.progress.phase("check");
    result.peak_memory_bytes = bench_.device.take_peak_memory();
    const at::Tensor latents = denoise->latents();
    check_latents(latents, result.check);
    if (!bench_.save_latents.empty() && injection.kind == Injection::Kind::none)
      save_latents(bench_.save_latents, result.id, latents);
    std::string wrong;
    if (reference) {
      std::vector<at::Tensor> added;
      for (const int index : compared_steps(loop.spec.steps))
        added.push_back(added_by_step(*denoise, [&] { prepared->step(index); }));
      wrong = agreement_.check(loop, *reference, added, latents, result.check);
    }
    result.phases_s["check"] = reference_s + watch.lap();
    refuse(wrong);
  }

  /// The same by another process, which gets the device's memory to itself.
  void measure_worker(const scenario::LoopCase& loop, const Injection& injection,
                      results::CaseResult& result) {
    if (injection.kind != Injection::Kind::none)
      throw UnavailableError(kNoInjection);
    Stopwatch watch;
    const auto client = start_worker(loop, bench_, result);
    // Of a worker with weights of its own, or where ours do not fit: none.
    const Agreement::Reference* reference = nullptr;
    if (client->hello().agrees && !loop.model.name.empty()) {
      try {
        reference = &agreement_.reference(
            loop, [&]() -> models::Denoiser& { return loops_.model(loop.model); });
      } catch (const UnavailableError& e) {
        result.message = fmt::format("output not compared: {}", e.what());
      }
    } else {
      result.message = "output not compared: the worker says that it has weights of its own";
    }
    loops_.give_memory_back();
    load_worker(*client, loop, bench_, result);
    if (result.flop > 0)
      note_matmul_peak(loop.model.dtype, result.reference);
    result.phases_s["load"] = watch.lap();

    sample(*client, *client, result);

    watch.lap();
    bench_.progress.phase("check");
    const at::Tensor latents = latents_of(*client, result.peak_memory_bytes);
    if (latents.defined()) {
      check_latents(latents, result.check);
      if (!bench_.save_latents.empty())
        save_latents(bench_.save_latents, result.id, latents);
    }
    std::string wrong;
    if (reference) {
      std::vector<at::Tensor> added;
      for (const int index :
           client->hello().agrees_later ? compared_steps(loop.spec.steps) : std::vector{0}) {
        added.push_back(added_by_step(*client, index));
        if (!added.back().defined() || added.back().sizes() != reference->added[0].sizes())
          throw InvalidError(fmt::format("worker {}: its latents have not the shape of the "
                                         "model's, though it says that it agrees",
                                         loop.worker->name));
      }
      wrong = agreement_.check(loop, *reference, added, latents, result.check);
    }
    result.phases_s["check"] = watch.lap();
    refuse(wrong);
  }

  /// Warms up and times whole loops, one mark between steps.
  void sample(measure::Workload& workload, measure::Marker& marker, results::CaseResult& result) {
    results::Replicate replicate = begin_replicate(bench_);
    state_.before(replicate);
    measure::SamplePlan plan = loop_plan(bench_.sampling);
    SampleWatch watched(state_.gpu(), bench_.sampling.machine_interval_s);
    plan.on_steady = [&] { watched.start(); };
    const measure::Sampled sampled = measure::sample_loops(workload, marker, plan, bench_.progress);
    const std::string spoiled[] = {watched.end(replicate, sampled), state_.after(replicate)};
    add_samples(replicate, sampled);
    if (!sampled.warm_up.steady)
      add_message(result, "the step time was still moving when the warm-up was given up");
    if (looked_locked(replicate))
      add_message(result, "the SM clock looks locked by hand");
    if (bench_.device.kind() != scenario::DeviceKind::cpu)
      note_waits_for_host(result, sampled);
    result.replicates.push_back(
        std::move(replicate)); // spoiled or not: the file says what was seen
    for (const std::string& why : spoiled)
      refuse(why);
    result.phases_s["warmup"] = sampled.warm_up.seconds;
    result.phases_s["samples"] = sampled.seconds;
  }

  /// Loops elsewhere than at their place take up to 0.1 % longer or shorter.
  void note_place(const device::Placement* place, results::CaseResult& result) const {
    if (bench_.device.kind() == scenario::DeviceKind::cpu)
      return;
    result.parameters["buffers"] = place ? "at one place" : "anywhere";
    if (!place)
      add_message(result, "no memory was free for its buffers' place: they lie anywhere, which "
                          "moves it by up to 0.1 %");
    else if (const std::int64_t bytes = place->displaced_bytes(); bytes > 0)
      add_message(result, fmt::format("{:.1f} GiB of its buffers had no room at their place: where "
                                      "they lie moves it by up to 0.1 %",
                                      static_cast<double>(bytes) / (1 << 30)));
  }

  static void check_latents(const at::Tensor& latents, results::Check& check) {
    const device::Digest digest = device::digest(latents);
    check.finite = digest.finite;
    check.checksum = digest.checksum;
    check.rms = digest.finite ? std::optional(digest.rms) : std::nullopt;
    if (!digest.finite)
      throw InvalidError("the latents are not finite after the last step: the output is wrong, so "
                         "its speed means nothing");
  }

  /// Nothing where nothing is wrong.
  static void refuse(const std::string& wrong) {
    if (!wrong.empty())
      throw InvalidError(wrong);
  }

  void note_matmul_peak(scenario::DType dtype, results::Reference& reference) {
    auto [it, is_new] = matmul_peak_.try_emplace(dtype);
    if (is_new)
      it->second = engines::matmul_peak(bench_.device, dtype);
    if (!it->second)
      return;
    reference.matmul_flop_per_s = it->second->flop_per_s;
    reference.matmul_f_hz = it->second->f_hz;
  }

  const Bench& bench_;
  std::map<std::string, double>& phases_s_;
  LoopMaker loops_;
  StateWatch state_;
  Agreement agreement_;
  std::map<scenario::DType, std::optional<engines::MatmulPeak>> matmul_peak_;
};

} // namespace

void measure_anchors(std::string_view scenario, const std::vector<scenario::Case>& cases,
                     const Bench& bench, const Sink& sink) {
  const auto marker = bench.device.make_marker();
  const bool has_loops = std::ranges::any_of(cases, &scenario::Case::is_loop);
  for (const anchors::Anchor& anchor : anchors::all()) {
    if (!has_loops && !anchor.for_kernels)
      continue;
    results::CaseResult result;
    result.id = fmt::format("{}/anchor/{}", scenario, anchor.name);
    result.kind = "anchor";
    result.hash = anchor.hash;
    result.bytes = static_cast<double>(anchor.bytes(bench.device));
    bench.progress.begin(result.id);
    try {
      const auto workload = anchor.make(bench.device);
      results::Replicate replicate = begin_replicate(bench);
      const double longest = has_loops ? bench.sampling.warmup_s : kernel_bench::kLongestWarmUp;
      const measure::SamplePlan plan{.loops = 1,
                                     .loop_time_s = std::min(bench.sampling.loop_time_s, 0.5),
                                     .warmup_s = std::min(bench.sampling.warmup_s, longest)};
      add_samples(replicate, sample_loops(*workload, *marker, plan, bench.progress));
      result.replicates.push_back(std::move(replicate));
    } catch (const measure::Interrupted&) {
      throw;
    } catch (...) {
      set_failure(result, std::current_exception());
    }
    sink(std::move(result));
    bench.device.release_reserves();
  }
}

void measure_loops(const std::vector<scenario::Case>& cases, const Arms& arms, const Bench& bench,
                   std::unique_ptr<device::Arena> arena, std::map<std::string, double>& phases_s,
                   const Sink& sink) {
  std::vector<const scenario::Case*> loops;
  for (const scenario::Case& c : cases)
    if (c.is_loop())
      loops.push_back(&c);
  if (loops.empty())
    return;
  // Workers want the arena's memory, too, and a loop of ours behind them would lie elsewhere.
  std::ranges::stable_partition(
      loops, [](const scenario::Case* c) { return !std::get<scenario::LoopCase>(c->work).worker; });
  LoopMeasurement measurement(bench, std::move(arena), phases_s);
  std::vector<std::optional<Injection>> of_case = arms.of("loop");
  std::mt19937_64 random(bench.seed);
  for (const scenario::Case* c : loops) {
    std::ranges::shuffle(of_case, random);
    measurement.begin_case();
    for (const std::optional<Injection>& arm : of_case) {
      if (measure::interrupted())
        throw measure::Interrupted{};
      bench.progress.begin(arm ? injected_id(c->id, *arm) : c->id);
      sink(measurement.measure(*c, arm));
    }
  }
}

} // namespace bench::replicate
