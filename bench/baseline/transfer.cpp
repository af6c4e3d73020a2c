#include <bench/baseline/transfer.h>
#include <bench/compare/comparison.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <ranges>
#include <set>
#include <utility>
#include <vector>

namespace bench::baseline {
namespace {

using results::CaseResult;
using results::Replicate;
using results::Result;

using Process = std::pair<std::int64_t, std::string>; // id and device

} // namespace

bool same_model(const Result& a, const Result& b) {
  return a.device == b.device && compare::gpu_name(a) == compare::gpu_name(b);
}

bool has_replicate(const CaseResult& c, const Replicate& replicate) {
  return std::ranges::any_of(
      c.replicates, [&](const Replicate& known) { return same_process(known, replicate); });
}

bool has_gpu(const CaseResult& c, const std::string& uuid) {
  return std::ranges::find(c.replicates, uuid, &Replicate::device_uuid) != c.replicates.end();
}

void add_replicates(CaseResult& to, const CaseResult& from) {
  for (const Replicate& replicate : from.replicates)
    if (!has_replicate(to, replicate))
      to.replicates.push_back(replicate);
  if (gpu_waits_for_host(from))
    note_gpu_waits_for_host(to);
}

CaseResult moved(CaseResult c, const Result& from, Result& to) {
  for (Replicate& replicate : c.replicates) {
    results::Origin origin = origin_of(from, replicate.origin);
    const std::string* uuid = results::find_fact(origin.machine, "gpu", "uuid");
    if (uuid && *uuid != replicate.device_uuid) { // an older bench kept the last run's facts only
      for (const char* key : {"uuid", "pci_bus_id", "vbios"})
        origin.machine["gpu"].erase(key);
      origin.git_sha.clear();
    }
    set_origin(to, replicate, origin);
  }
  return c;
}

void keep_latest_gpus(CaseResult& c, std::size_t most) {
  std::map<std::string, std::string> latest; // start, by GPU
  for (const Replicate& replicate : c.replicates) {
    std::string& start = latest[replicate.device_uuid];
    start = std::max(start, replicate.started);
  }
  std::vector<std::pair<std::string, std::string>> gpus; // start and GPU
  for (const auto& [gpu, start] : latest)
    gpus.emplace_back(start, gpu);
  std::ranges::sort(gpus, std::greater{});
  for (const auto& [start, gpu] : gpus | std::views::drop(most))
    std::erase_if(c.replicates, [&](const Replicate& r) { return r.device_uuid == gpu; });
}

void prune_anchors(Result& result) {
  std::set<Process> used;
  for (const CaseResult& c : result.cases) {
    if (c.kind != kAnchor)
      for (const Replicate& replicate : c.replicates)
        used.emplace(replicate.process, replicate.device_uuid);
  }
  for (CaseResult& c : result.cases) {
    if (c.kind == kAnchor) {
      std::erase_if(c.replicates, [&](const Replicate& replicate) {
        return !used.contains({replicate.process, replicate.device_uuid});
      });
    }
  }
}

} // namespace bench::baseline
