#pragma once

#include <bench/results/result.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

/// Results of a made-up machine whose step time and noise tests know.
namespace bench::results {

/// `steps` samples whose mean log time is log(t_s) exactly, at a clock that wanders a little.
inline Replicate fake_replicate(std::int64_t process, double t_s, int steps = 8,
                                std::string uuid = "GPU-aaaa-1") {
  Replicate replicate;
  replicate.process = process;
  replicate.started = "2026-11-24T10:00:00Z";
  replicate.device_uuid = std::move(uuid);
  replicate.seed = 7;
  for (int i = 0; i < steps; ++i) {
    replicate.samples.start_s.push_back(t_s * i);
    replicate.samples.t_s.push_back(t_s * std::exp(i % 2 == 0 ? 1e-4 : -1e-4));
    replicate.samples.f_hz.push_back(1.5e9);
    replicate.samples.loop.push_back(i / 4);
    replicate.samples.step.push_back(i % 4);
  }
  return replicate;
}

/// Three processes, 0.01 % apart.
inline CaseResult fake_case(std::string id, double t_s, int steps = 8) {
  CaseResult result;
  result.id = std::move(id);
  result.kind = "loop";
  result.hash = "0123456789abcdef";
  result.parameters["engine"] = "graph";
  result.check.checksum = "00000000000000aa";
  result.replicates = {fake_replicate(1, t_s, steps), fake_replicate(2, t_s * 1.0001, steps),
                       fake_replicate(3, t_s * 0.9999, steps)};
  return result;
}

inline Result fake_result(std::vector<CaseResult> cases) {
  Result result;
  result.tool_version = "0.1.0";
  result.git_sha = "0123456789ab";
  result.started = "2026-11-24T10:00:00Z";
  result.finished = "2026-11-24T10:01:00Z";
  result.scenario = "zimage";
  result.profile = "gate";
  result.device = "cuda";
  result.machine["gpu"] = {
      {"name", "NVIDIA H200"}, {"power_limit_w", "700"}, {"application_sm_clock_hz", "1980000000"}};
  result.machine["driver"] = {{"version", "580.1"}};
  result.machine["libraries"] = {{"torch", "2.11.0"}, {"cudnn", "91002"}};
  result.cases = std::move(cases);
  return result;
}

/// Of one case, three processes on that GPU.
inline Result on(const std::string& uuid, double t_s, std::string id = "zimage/a") {
  Result result = fake_result({fake_case(std::move(id), t_s)});
  for (Replicate& replicate : result.cases[0].replicates)
    replicate.device_uuid = uuid;
  return result;
}

/// Of its replicates.
inline std::vector<std::string> uuids(const CaseResult& c) {
  std::vector<std::string> all;
  for (const Replicate& replicate : c.replicates)
    all.push_back(replicate.device_uuid);
  return all;
}

} // namespace bench::results
