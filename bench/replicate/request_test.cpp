#include <bench/replicate/request.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace bench::replicate {
namespace {

Request full() {
  return {.scenario = "scenarios/zimage.yaml",
          .overrides = {"sampling.loops=1"},
          .plugins = {"libmine.so"},
          .profile = "gate",
          .cases = {"zimage/loop/turbo-9/graph/fused"},
          .seed = 20962,
          .flags = {"--benchmark_filter=."},
          .save_latents = "latents",
          .arms = {.injections = {parse_injection("spin=0.3%")}, .only_injected = true},
          .profile_kernels = true,
          .trace = "trace.json"};
}

TEST(Request, IsReadAsItIsWritten) {
  const Request read = parse_request(to_text(full()));
  EXPECT_EQ(to_text(read), to_text(full()));
  EXPECT_EQ(read.seed, 20962u);
  EXPECT_TRUE(read.arms.only_injected);
  EXPECT_EQ(read.arms.injections, full().arms.injections);
  EXPECT_EQ(read.plugins, full().plugins);
  EXPECT_EQ(read.trace, "trace.json");
}

/// `bench ab` has an older build ask, and be asked, too.
TEST(Request, OfAnOlderRunnerLacksWhatCameLater) {
  nlohmann::json json = nlohmann::json::parse(to_text(full()));
  for (const char* later : {"plugins", "only_injected", "save_latents", "profile_kernels", "trace"})
    json.erase(later);
  const Request read = parse_request(json.dump());
  EXPECT_TRUE(read.plugins.empty());
  EXPECT_FALSE(read.arms.only_injected);
  EXPECT_FALSE(read.profile_kernels);
  EXPECT_EQ(read.cases, full().cases);
}

TEST(Request, ThatIsNoneThrows) {
  EXPECT_THROW(parse_request("{}"), nlohmann::json::exception);
  EXPECT_THROW(parse_request("rubbish"), nlohmann::json::exception);
}

} // namespace
} // namespace bench::replicate
