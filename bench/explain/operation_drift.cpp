#include <bench/explain/operation_drift.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace bench::explain {
namespace {

using results::KernelProfile;
using results::ProfiledKernel;

/// Tensor pipes that are busy for so much of a kernel's cycles bound it; those of a norm idle.
constexpr double kTensorBound = 0.25;

bool by_name_compute(std::string_view name) {
  constexpr std::string_view kWords[] = {"gemm", "nvjet",       "xmma", "cutlass",
                                         "sdpa", "flash_fprop", "fmha", "flash_fwd"};
  return std::ranges::any_of(kWords,
                             [&](std::string_view word) { return name.find(word) != name.npos; });
}

bool is_compute(const ProfiledKernel& kernel) {
  if (kernel.counters)
    return kernel.counters->tensor_utilization >= kTensorBound;
  return kernel.operation == "linear" || kernel.operation == "attention" ||
         (kernel.operation == "other" && by_name_compute(kernel.name));
}

class Splitter {
 public:
  Splitter(std::vector<Launches> base, std::vector<Launches> fresh)
      : base_(std::move(base)), fresh_(std::move(fresh)), base_matched_(base_.size()),
        fresh_matched_(fresh_.size()) {}

  std::vector<OperationDrift> operations() {
    for (const Launches& each : base_) {
      OperationDrift& operation = operation_of(each);
      operation.base_launches += each.count;
      operation.base_s += each.total_s;
    }
    for (const Launches& each : fresh_) {
      OperationDrift& operation = operation_of(each);
      operation.new_launches += each.count;
      operation.new_s += each.work_s;
    }
    match_all();
    for (std::size_t i = 0; i < base_.size(); ++i) {
      if (const Launches& each = base_[i]; !base_matched_[i]) {
        add(each, {.change = Change::vanished,
                   .kernel = each.name,
                   .grid = each.grid,
                   .base_launches = each.count,
                   .base_launch_s = each.launch_s(),
                   .drift_s = -each.work_s});
      }
    }
    for (std::size_t i = 0; i < fresh_.size(); ++i) {
      if (const Launches& each = fresh_[i]; !fresh_matched_[i]) {
        add(each, {.change = Change::appeared,
                   .kernel = each.name,
                   .grid = each.grid,
                   .new_launches = each.count,
                   .new_launch_s = each.launch_s(),
                   .drift_s = each.work_s});
      }
    }
    return sorted();
  }

 private:
  void match_all() {
    match([](const Launches& a, const Launches& b) { return a.key() == b.key(); },
          [&](const Launches& a, const Launches& b) { add_same(a, b); });
    // "[memset]" is no kernel that one could take the place of.
    const auto is_kernel = [](const Launches& each) { return !each.name.starts_with('['); };
    const auto same = [&](const Launches& a, const Launches& b) {
      return a.operation == b.operation && a.count == b.count && is_kernel(a) == is_kernel(b);
    };
    match([&](const Launches& a, const Launches& b) { return same(a, b) && a.name == b.name; },
          [&](const Launches& a, const Launches& b) { add_other(a, b, Change::other_grid); });
    const auto add_replaced = [&](const Launches& a, const Launches& b) {
      add_other(a, b, Change::replaced);
    };
    match([&](const Launches& a, const Launches& b) { return same(a, b) && a.grid == b.grid; },
          add_replaced);
    // "other" is no operation: as many launches there mean nothing.
    match(
        [&](const Launches& a, const Launches& b) { return same(a, b) && a.operation != "other"; },
        add_replaced);
  }

  /// Pairs launches that `alike` says are, each with the longest that is left.
  template <typename Alike, typename Found>
  void match(const Alike& alike, const Found& found) {
    for (std::size_t i = 0; i < base_.size(); ++i) {
      for (std::size_t k = 0; k < fresh_.size() && !base_matched_[i]; ++k) {
        if (!fresh_matched_[k] && alike(base_[i], fresh_[k])) {
          base_matched_[i] = fresh_matched_[k] = true;
          found(base_[i], fresh_[k]);
        }
      }
    }
  }

  /// n1 m1 - n0 m0 = (n1 - n0) m0 + n1 (m1 - m0): launches at the base's time of one, then speed.
  void add_same(const Launches& before, const Launches& now) {
    Part part{.kernel = before.name,
              .grid = before.grid,
              .base_launches = before.count,
              .new_launches = now.count,
              .base_launch_s = before.launch_s(),
              .new_launch_s = now.launch_s()};
    const std::int64_t more = now.count - before.count;
    if (more != 0) {
      part.change = more > 0 ? Change::more_launches : Change::fewer_launches;
      part.drift_s = static_cast<double>(more) * part.base_launch_s;
      add(before, part);
    }
    part.drift_s = static_cast<double>(now.count) * (part.new_launch_s - part.base_launch_s);
    if (part.drift_s != 0) {
      part.change = part.drift_s > 0 ? Change::slower : Change::faster;
      add(before, part);
    }
  }

  void add_other(const Launches& before, const Launches& now, Change change) {
    add(before, {.change = change,
                 .kernel = before.name,
                 .new_kernel = change == Change::replaced ? now.name : "",
                 .grid = before.grid,
                 .new_grid = now.grid,
                 .base_launches = before.count,
                 .new_launches = now.count,
                 .base_launch_s = before.launch_s(),
                 .new_launch_s = now.launch_s(),
                 .drift_s = now.work_s - before.work_s});
  }

  OperationDrift& operation_of(const Launches& launches) {
    OperationDrift& operation = operations_[launches.operation];
    operation.operation = launches.operation;
    return operation;
  }

  void add(const Launches& launches, Part part) {
    operation_of(launches).parts.push_back(std::move(part));
  }

  std::vector<OperationDrift> sorted() {
    std::vector<OperationDrift> result;
    for (auto& [name, operation] : operations_) {
      std::ranges::stable_sort(operation.parts, std::ranges::greater(),
                               [](const Part& part) { return std::abs(part.drift_s); });
      result.push_back(std::move(operation));
    }
    std::ranges::stable_sort(result, std::ranges::greater(), [](const OperationDrift& operation) {
      return std::abs(operation.drift_s());
    });
    return result;
  }

  std::vector<Launches> base_;
  std::vector<Launches> fresh_;
  std::vector<bool> base_matched_;
  std::vector<bool> fresh_matched_;
  std::map<std::string, OperationDrift> operations_;
};

} // namespace

std::string_view to_string(Change change) {
  switch (change) {
  case Change::appeared:
    return "appeared";
  case Change::vanished:
    return "vanished";
  case Change::more_launches:
    return "more launches";
  case Change::fewer_launches:
    return "fewer launches";
  case Change::slower:
    return "slower";
  case Change::faster:
    return "faster";
  case Change::replaced:
    return "replaced";
  case Change::other_grid:
    return "other grid";
  }
  throw std::invalid_argument("no such Change");
}

double OperationDrift::drift_s() const {
  return std::accumulate(parts.begin(), parts.end(), 0.0,
                         [](double sum, const Part& part) { return sum + part.drift_s; });
}

std::vector<Launches> launches_of(const KernelProfile& profile) {
  std::vector<Launches> all;
  for (const ProfiledKernel& kernel : profile.kernels) {
    Launches one{.name = kernel.name, .operation = kernel.operation, .grid = kernel.grid};
    const auto known =
        std::ranges::find_if(all, [&](const Launches& each) { return each.key() == one.key(); });
    Launches& target = known == all.end() ? all.emplace_back(std::move(one)) : *known;
    target.count += kernel.launches;
    target.total_s += kernel.total_s;
    target.compute = target.compute || is_compute(kernel);
  }
  for (Launches& each : all)
    each.work_s = each.total_s;
  std::ranges::stable_sort(all, std::ranges::greater(), &Launches::total_s);
  return all;
}

std::vector<OperationDrift> operation_drifts(std::vector<Launches> base,
                                             std::vector<Launches> fresh) {
  return Splitter(std::move(base), std::move(fresh)).operations();
}

} // namespace bench::explain
