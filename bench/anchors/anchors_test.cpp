#include <bench/anchors/anchors.h>

#include <gtest/gtest.h>

#include <set>

namespace bench::anchors {
namespace {

TEST(Anchors, EachRunsAndIsTold) {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  std::set<std::string_view> hashes;
  for (const Anchor& anchor : all()) {
    const auto workload = anchor.make(*device);
    const auto marker = device->make_marker();
    workload->begin();
    marker->mark();
    for (int i = 0; i < workload->steps(); ++i) {
      workload->step(i);
      marker->mark();
    }
    for (const measure::Span& span : marker->take())
      EXPECT_GT(span.t_s, 0) << anchor.name;
    EXPECT_EQ(anchor.hash.size(), 16u);
    EXPECT_TRUE(hashes.insert(anchor.hash).second) << "two anchors of one hash";
  }
}

} // namespace
} // namespace bench::anchors
