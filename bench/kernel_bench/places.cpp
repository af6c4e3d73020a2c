#include <bench/base/fnv1a.h>
#include <bench/kernel_bench/places.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

namespace bench::kernel_bench {
namespace {

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). Baselines
/// hold times at the places that it draws, so it is the same wherever this is built: what the
/// standard library's distributions draw is up to each.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  std::uint64_t operator()() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::uint64_t state_;
};

} // namespace

std::vector<std::int64_t> places_of(const scenario::KernelCase& kernel, int count) {
  SplitMix64 random(fnv1a(fmt::format("{} {}", kernel.family, to_string(kernel.shape))));
  std::vector<std::int64_t> pages(kPages); // shuffled as far as they are asked for
  std::iota(pages.begin(), pages.end(), 0);
  std::vector<std::int64_t> places;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const std::size_t at = i % kPages;
    if (i < kPages)
      std::swap(pages[at], pages[at + random() % (kPages - at)]);
    places.push_back(pages[at] * device::Arena::kPageBytes);
  }
  return places;
}

} // namespace bench::kernel_bench
