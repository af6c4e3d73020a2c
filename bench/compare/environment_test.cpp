#include <bench/compare/fake_comparison.h>

namespace bench::compare {
namespace {

using results::CaseResult;
using results::Result;

TEST(Environment, NotesWhatChangedAround) {
  Result fresh = with(0.1);
  fresh.machine["driver"]["version"] = "590.2";
  fresh.machine["libraries"]["cudnn"] = "91100";
  fresh.machine["libraries"]["cublaslt"] = "130200";
  fresh.machine["libraries"]["triton"] = "3.6"; // the baseline does not say
  fresh.settings["promotion"]["reason"] = "one";
  Result base = with(0.1);
  base.machine["libraries"]["cublaslt"] = "130100";
  base.settings["promotion"]["reason"] = "another";
  base.settings["settings"]["tf32_matmul"] = "off";
  fresh.settings["settings"]["tf32_matmul"] = "on";
  EXPECT_EQ(notes(base, fresh),
            (std::vector<std::string>{
                "environment changed: driver version 580.1 -> 590.2, cublaslt 130100 -> "
                "130200, cudnn 91002 -> 91100; compared all the same: a drift may come from it",
                "settings changed: tf32_matmul off -> on"}));
  EXPECT_TRUE(notes(base, base).empty());
}

TEST(Environment, NotesWhatIsSetOnTheMemoryAndTheSlices) {
  Result base = with(0.1);
  base.machine["gpu"]["ecc"] = "on";
  Result fresh = with(0.1);
  fresh.machine["gpu"]["ecc"] = "off";
  fresh.machine["gpu"]["mig"] = "off"; // the baseline does not say
  EXPECT_EQ(notes(base, fresh),
            std::vector<std::string>{"environment changed: ecc on -> off; compared all the same: a "
                                     "drift may come from it"});
}

/// Three more replicates of case `i`, on GPU-bbbb-2 and with that driver.
void add_gpu(Result& result, std::size_t i, const std::string& driver) {
  results::Origin origin = origin_of(result, std::nullopt);
  origin.machine["driver"]["version"] = driver;
  for (int process = 11; process < 14; ++process) {
    results::Replicate replicate = results::fake_replicate(process, 0.1, 8, "GPU-bbbb-2");
    set_origin(result, replicate, origin);
    result.cases.at(i).replicates.push_back(std::move(replicate));
  }
}

TEST(Environment, NotesWhatChangedAroundTheReplicatesThatAreCompared) {
  Result base = results::fake_result(
      {results::fake_case("zimage/a", 0.1), results::fake_case("zimage/b", 0.1)});
  const Result fresh = base; // on GPU-aaaa-1, driver 580.1
  add_gpu(base, 0, "570.9");
  EXPECT_TRUE(notes(base, fresh).empty()) << "the other GPU's are not compared";

  Result elsewhere = fresh;
  for (CaseResult& c : elsewhere.cases)
    for (results::Replicate& replicate : c.replicates)
      replicate.device_uuid = "GPU-bbbb-2";
  // Of a there are three on this GPU; of b only those of another.
  EXPECT_EQ(notes(base, elsewhere),
            (std::vector<std::string>{
                "environment changed: driver version 570.9 -> 580.1 (1 of 2 cases); compared all "
                "the same: a drift may come from it",
                "the baseline does not hold GPU-bbbb (1 of 2 cases): other GPUs stand for it, and "
                "what they leave open `bench ab` decides there"}));
  for (CaseResult& c : elsewhere.cases)
    for (results::Replicate& replicate : c.replicates)
      replicate.device_uuid = "GPU-cccc-3"; // a is compared with those of both GPUs
  EXPECT_EQ(notes(base, elsewhere),
            (std::vector<std::string>{
                "environment changed: driver version 570.9 and 580.1 -> 580.1 (1 of 2 cases); "
                "compared all the same: a drift may come from it",
                "the baseline does not hold GPU-cccc: other GPUs stand for it, and what they leave "
                "open `bench ab` decides there"}));
  elsewhere.cases.clear();
  elsewhere.machine["driver"]["version"] = "590.2";
  EXPECT_EQ(notes(base, elsewhere),
            std::vector<std::string>{
                "environment changed: driver version 580.1 -> 590.2; no case was compared"});
}

} // namespace
} // namespace bench::compare
