#pragma once

#include <bench/profile/cupti_api.h>
#include <bench/results/result.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench::profile {

/// Counts what kernels move and use, by CUPTI's range profiler: bytes from and to memory, hits in
/// the L2, tensor pipes. The GPU counts a few things at a time, so the same work runs in several
/// passes; nothing that it writes is restored between them. Not beside an Activity. Needs the
/// driver's permission.
class RangeProfiler {
 public:
  RangeProfiler() : RangeProfiler(open_cupti()) {}
  explicit RangeProfiler(Cupti cupti);
  ~RangeProfiler();
  RangeProfiler(const RangeProfiler&) = delete;
  RangeProfiler& operator=(const RangeProfiler&) = delete;

  /// Why it counts nothing, in one line; "" when it counts.
  const std::string& fault() const;

  struct Counted {
    std::vector<results::Counters> kernels; ///< in the order of their launch
    std::string fault;                      ///< why there are none; one line, or ""
  };
  /// Of the kernels that `work` launches, at most 64, each of which runs alone; it launches the
  /// same ones whenever it is called. `before` is called before each pass and leaves the caches as
  /// `work` shall find them. Both wait for the device.
  Counted count(const std::function<void()>& before, const std::function<void()>& work);

  struct Whole {
    std::optional<results::Counters> counters;
    std::string fault; ///< why there are none; one line, or ""
  };
  /// Of all that `work` enqueues, together, from its first call to where the device has done it: a
  /// CUDA graph is launched as it always is, and kernels run beside each other. Else as `count`.
  Whole count_whole(const std::function<void()>& before, const std::function<void()>& work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace bench::profile
