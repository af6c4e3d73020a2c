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

TEST(Anchors, ACopyKnowsItsBytes) {
  const auto device = device::open_device(scenario::DeviceKind::cpu);
  EXPECT_EQ(all().front().name, "copy");
  EXPECT_EQ(all().front().bytes(*device), 10 * 2 * (2 << 20)); // ten times 2 MiB, there and back
}

} // namespace
} // namespace bench::anchors
