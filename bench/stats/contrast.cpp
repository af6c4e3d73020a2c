#include <bench/stats/contrast.h>
#include <bench/stats/summary.h>

#include <map>
#include <string>

namespace bench::stats {
namespace {

double squares_around_mean(const std::vector<double>& values) {
  const double centre = values.empty() ? 0 : mean(values);
  double sum = 0;
  for (const double each : values)
    sum += square(each - centre);
  return sum;
}

/// The mean over an arm's GPUs of the mean of their replicates.
struct ArmMean {
  double mean = 0;
  double share = 0;   ///< variance of the mean, in variances of a replicate
  double squares = 0; ///< of deviations of replicates from their GPU's mean
  double df = 0;
  double devices = 0;
};

ArmMean arm_mean(const Replicates& replicates, const ValueOf& value) {
  std::map<std::string, std::vector<double>> devices;
  for (const Observation* replicate : replicates)
    devices[replicate->device].push_back(value(*replicate));
  ArmMean result;
  result.devices = static_cast<double>(devices.size());
  for (const auto& [device, values] : devices) {
    const auto count = static_cast<double>(values.size());
    result.mean += mean(values) / result.devices;
    result.share += 1 / count / square(result.devices);
    result.df += count - 1;
    result.squares += squares_around_mean(values);
  }
  return result;
}

} // namespace

Contrast contrast(const Replicates& base, const Replicates& fresh, const ValueOf& value) {
  const ArmMean of_base = arm_mean(base, value);
  const ArmMean of_fresh = arm_mean(fresh, value);
  return {.base = of_base.mean,
          .estimate = of_fresh.mean - of_base.mean,
          .squares = of_base.squares + of_fresh.squares,
          .df = of_base.df + of_fresh.df,
          .base_devices = of_base.devices,
          .fresh_devices = of_fresh.devices,
          .share = of_base.share + of_fresh.share,
          .base_share = of_base.share};
}

} // namespace bench::stats
