#include <bench/stats/contrast.h>
#include <bench/stats/summary.h>

#include <algorithm>
#include <map>
#include <string>

namespace bench::stats {
namespace {

double squares_around_mean(const std::vector<double>& values) {
  const double centre = values.empty() ? 0 : mean(values);
  double sum = 0;
  for (const double each : values) {
    sum += square(each - centre);
  }
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
  for (const Observation* replicate : replicates) {
    devices[replicate->device].push_back(value(*replicate));
  }
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

/// What a block adds to what is known of a difference: base n, fresh m replicates, n m / (n + m).
double weight(std::size_t base, std::size_t fresh) {
  const auto n = static_cast<double>(base);
  const auto m = static_cast<double>(fresh);
  return n * m / (n + m);
}

/// The values of one block on one GPU.
struct Block {
  std::vector<double> base;
  std::vector<double> fresh;

  bool is_shared() const { return !base.empty() && !fresh.empty(); }
  double difference() const { return mean(fresh) - mean(base); }
  double weight() const { return stats::weight(base.size(), fresh.size()); }
};

using Blocks = std::map<std::uint64_t, Block>;

std::map<std::string, Blocks> blocks_by_device(const Replicates& base, const Replicates& fresh,
                                               const ValueOf& value) {
  std::map<std::string, Blocks> devices;
  for (const Observation* replicate : base) {
    devices[replicate->device][*replicate->block].base.push_back(value(*replicate));
  }
  for (const Observation* replicate : fresh) {
    devices[replicate->device][*replicate->block].fresh.push_back(value(*replicate));
  }
  return devices;
}

/// One of so many GPUs.
void add_device(Contrast& result, const Blocks& blocks, double devices) {
  double weights = 0;
  double sum = 0;
  double replicates = 0;
  for (const auto& [id, block] : blocks) {
    replicates += static_cast<double>(block.base.size() + block.fresh.size());
    result.squares += squares_around_mean(block.base) + squares_around_mean(block.fresh);
    if (block.is_shared()) {
      weights += block.weight();
      sum += block.weight() * block.difference();
    }
  }
  const double difference = sum / weights;
  for (const auto& [id, block] : blocks) {
    if (block.is_shared()) {
      result.squares += block.weight() * square(block.difference() - difference);
    }
  }
  result.estimate += difference / devices;
  result.share += 1 / weights / square(devices);
  result.df += replicates - static_cast<double>(blocks.size()) - 1;
}

/// How many replicates each arm has in a block that the base has.
struct Filled {
  std::size_t base = 0;
  std::size_t fresh = 0;
};

/// The share with `count` fresh replicates, those that are not there yet in the blocks of the base
/// that have the fewest.
double share_with(std::vector<std::vector<Filled>> devices, std::size_t present, double count) {
  std::vector<Filled*> all;
  for (std::vector<Filled>& blocks : devices) {
    for (Filled& block : blocks) {
      all.push_back(&block);
    }
  }
  for (std::size_t i = present; i < static_cast<std::size_t>(count); ++i) {
    ++(*std::ranges::min_element(all, {}, [](const Filled* block) { return block->fresh; }))->fresh;
  }
  double share = 0;
  for (const std::vector<Filled>& blocks : devices) {
    double weights = 0;
    for (const Filled& block : blocks) {
      weights += weight(block.base, block.fresh);
    }
    share += 1 / weights;
  }
  return share / square(static_cast<double>(devices.size()));
}

} // namespace

bool share_blocks(const Replicates& base, const Replicates& fresh) {
  const auto has_block = [](const Observation* replicate) { return replicate->block.has_value(); };
  if (!std::ranges::all_of(base, has_block) || !std::ranges::all_of(fresh, has_block)) {
    return false;
  }
  const auto devices = blocks_by_device(base, fresh, [](const Observation&) { return 0; });
  return std::ranges::all_of(devices, [](const auto& device) {
    return std::ranges::any_of(device.second,
                               [](const auto& block) { return block.second.is_shared(); });
  });
}

Contrast contrast(const Replicates& base, const Replicates& fresh, const ValueOf& value) {
  const ArmMean of_base = arm_mean(base, value);
  const ArmMean of_fresh = arm_mean(fresh, value);
  return {.base = of_base.mean,
          .estimate = of_fresh.mean - of_base.mean,
          .squares = of_base.squares + of_fresh.squares,
          .df = of_base.df + of_fresh.df,
          .base_devices = of_base.devices,
          .fresh_devices = of_fresh.devices,
          .share_of = [base_share = of_base.share](double count) { return base_share + 1 / count; },
          .share = of_base.share + of_fresh.share};
}

Contrast contrast_within_blocks(const Replicates& base, const Replicates& fresh,
                                const ValueOf& value) {
  const auto devices = blocks_by_device(base, fresh, value);
  const auto count = static_cast<double>(devices.size());
  Contrast result{.base = arm_mean(base, value).mean,
                  .base_devices = count,
                  .fresh_devices = count,
                  .share_of = {}};
  std::vector<std::vector<Filled>> filled;
  for (const auto& [device, blocks] : devices) {
    add_device(result, blocks, count);
    filled.emplace_back();
    for (const auto& [id, block] : blocks) {
      if (!block.base.empty()) {
        filled.back().push_back({block.base.size(), block.fresh.size()});
      }
    }
  }
  result.share_of = [filled, present = fresh.size()](double fresh_count) {
    return share_with(filled, present, fresh_count);
  };
  return result;
}

} // namespace bench::stats
