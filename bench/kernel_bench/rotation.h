#pragma once

#include <cstdint>

namespace bench::kernel_bench {

/// How many sets of buffers a kernel's launches rotate over, so that it finds its input where it
/// would in a model and not where the last launch left it.
struct Rotation {
  int sets = 1;
  bool in_cache = false; ///< the sets together stay in the last-level cache
};

/// `bytes`: input and output of one launch. Tensors that a model keeps in the cache anyway (less
/// than an eighth of it) get four sets, which stay there; larger ones so many that twice the cache,
/// and at least 200 MB, lie between two uses of the same bytes.
Rotation rotation_for(std::int64_t bytes, std::int64_t cache_bytes);

/// How a timed region is made of launches: `launches` recorded back to back, replayed `replays`
/// times.
struct Region {
  int launches = 1;
  int replays = 1;
  int extra = 0; ///< more launches behind them, which total() does not count
  int total() const { return launches * replays; }
};

/// A region of at least `least_s` for launches of about `launch_s` seconds, each recorded at most
/// 1,000 times and a multiple of the sets. With a share of extra launches, a multiple of 0.01 %,
/// as long as it takes for them to be a whole number.
Region region_for(double launch_s, double least_s, int sets, double extra_share = 0);

} // namespace bench::kernel_bench
