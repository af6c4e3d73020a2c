#include <bench/base/error.h>
#include <bench/replicate/worker_setup.h>
#include <bench/workers/command.h>
#include <bench/workers/job.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bench::replicate {

std::unique_ptr<workers::Client> start_worker(const scenario::LoopCase& loop, const Bench& bench,
                                              results::CaseResult& result) {
  const workers::Command command = workers::command_of(*loop.worker, bench.scenario_file);
  result.parameters["worker"] = loop.worker->name;
  result.parameters["worker.command"] = fmt::format("{}", fmt::join(loop.worker->command, " "));
  if (!command.digest.empty())
    result.parameters["worker.script"] =
        fmt::format("{} {}", command.digest, command.script.filename().string());
  auto client = std::make_unique<workers::Client>(command.launch, bench.progress);
  for (const auto& [library, version] : client->hello().versions)
    result.parameters["worker." + library] = version;
  return client;
}

void load_worker(workers::Client& client, const scenario::LoopCase& loop, const Bench& bench,
                 results::CaseResult& result) {
  const workers::Job job = workers::make_job(loop, bench.device.kind());
  const workers::Ready& ready = client.load(job.text);
  if (!ready.device_uuid.empty() && ready.device_uuid != bench.device.uuid())
    throw InvalidError(fmt::format("worker {}: it runs on {}, bench on {}: let it take the first "
                                   "GPU of CUDA_VISIBLE_DEVICES",
                                   loop.worker->name, ready.device_uuid, bench.device.uuid()));
  const bool agrees = client.hello().agrees;
  result.flop = ready.flop_per_step.value_or(agrees ? job.flop_per_step : 0);
  if (agrees && !loop.model.name.empty())
    result.parameters["forwards_per_step"] = fmt::format("{}", job.forwards_per_step);
}

at::Tensor latents_of(workers::Client& client, std::int64_t& peak_memory_bytes) {
  workers::Output output = client.output();
  peak_memory_bytes = std::max(peak_memory_bytes, output.peak_memory_bytes);
  if (output.shape.empty())
    return {};
  return at::from_blob(output.bytes.data(), output.shape, at::kFloat).clone();
}

at::Tensor added_by_step(workers::Client& client, int index) {
  std::int64_t memory = 0;
  client.begin();
  const at::Tensor before = latents_of(client, memory);
  client.step(index);
  const at::Tensor after = latents_of(client, memory);
  return before.defined() && after.sizes() == before.sizes() ? after - before : at::Tensor();
}

} // namespace bench::replicate
