#include <bench/profile/aggregate.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <tuple>

namespace bench::profile {
namespace {

using results::KernelProfile;
using results::ProfiledKernel;

/// The argument's type in the demangled name of stamp_marker.cu's kernel.
constexpr std::string_view kStamp = "bench::measure::SmStamp*";

double seconds(std::uint64_t from_ns, std::uint64_t to_ns) {
  return static_cast<double>(static_cast<std::int64_t>(to_ns - from_ns)) * 1e-9;
}

std::string operation(const Record& record) {
  return record.operation.empty() ? "other" : record.operation;
}

using Key =
    std::tuple<std::string, std::string, std::array<std::int64_t, 3>, std::array<std::int64_t, 3>>;
Key key(const Record& r) {
  return {operation(r), r.name, r.grid, r.block};
}
Key key(const ProfiledKernel& k) {
  return {k.operation, k.name, k.grid, k.block};
}

struct Row {
  const Record* first = nullptr;
  std::vector<double> times_s;
};

/// What a sample launches, in whatever order.
std::map<Key, std::int64_t> counts(const Records& sample) {
  std::map<Key, std::int64_t> all;
  for (const Record& r : sample)
    ++all[key(r)];
  return all;
}

} // namespace

std::vector<Records> split_at_stamps(const Records& records) {
  std::vector<Records> samples;
  for (const Record& r : records)
    if (r.name.find(kStamp) != std::string::npos)
      samples.emplace_back();
    else if (!samples.empty())
      samples.back().push_back(r);
  if (!samples.empty())
    samples.pop_back(); // behind the last stamp
  return samples;
}

std::vector<Records> split_evenly(const Records& records, std::int64_t count) {
  const auto size = static_cast<std::int64_t>(records.size());
  if (count < 1 || size == 0 || size % count != 0)
    return {};
  std::vector<Records> samples;
  for (auto at = records.begin(); at != records.end(); at += size / count)
    samples.emplace_back(at, at + size / count);
  return samples;
}

std::uint64_t end_of(const Records& records) {
  std::uint64_t end = 0;
  for (const Record& r : records)
    end = std::max(end, r.end_ns);
  return end;
}

KernelProfile aggregate(std::span<const Records> samples, std::uint64_t begin_ns) {
  if (samples.empty() || std::ranges::any_of(samples, [](const Records& s) { return s.empty(); }))
    throw std::invalid_argument("a profile needs samples with kernels");
  KernelProfile profile;
  profile.samples = static_cast<std::int64_t>(samples.size());
  const auto n = static_cast<double>(profile.samples);
  std::map<Key, Row> rows;
  double gaps_s = 0;
  std::uint64_t busy_until = begin_ns;
  const auto expected = counts(samples.front());
  for (const Records& sample : samples) {
    for (const Record& r : sample) {
      const std::uint64_t from = std::max(r.start_ns, busy_until);
      const std::uint64_t to = std::max(r.end_ns, from);
      gaps_s += seconds(busy_until, from);
      busy_until = to;
      Row& row = rows[key(r)];
      if (!row.first)
        row.first = &r;
      row.times_s.push_back(seconds(from, to));
    }
    if (counts(sample) != expected)
      profile.message = "the samples do not launch the same kernels: launches are means, rounded";
  }
  profile.sample_s = seconds(begin_ns, busy_until) / n;
  profile.gaps_s = gaps_s / n;
  for (const auto& [key, row] : rows) {
    double total_s = 0;
    for (const double t : row.times_s)
      total_s += t;
    profile.kernels.push_back(
        {.name = row.first->name,
         .operation = operation(*row.first),
         .grid = row.first->grid,
         .block = row.first->block,
         .registers = row.first->registers,
         .shared_memory_bytes = row.first->shared_memory_bytes,
         .launches = std::max<std::int64_t>(
             1, (static_cast<std::int64_t>(row.times_s.size()) + profile.samples / 2) /
                    profile.samples),
         .total_s = total_s / n,
         .median_s = stats::median(row.times_s),
         .counters = std::nullopt});
  }
  std::ranges::stable_sort(profile.kernels, std::greater{}, &ProfiledKernel::total_s);
  return profile;
}

std::ptrdiff_t row_of(const KernelProfile& profile, const Record& record) {
  const Key wanted = key(record);
  const auto it =
      std::ranges::find_if(profile.kernels, [&](const auto& k) { return key(k) == wanted; });
  return it == profile.kernels.end() ? -1 : it - profile.kernels.begin();
}

} // namespace bench::profile
