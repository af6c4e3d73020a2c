#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/workers/command.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace bench::workers {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

/// A folder of bench, and another with a scenario.
class CommandOf : public testing::Test {
 protected:
  CommandOf() {
    fs::create_directories(root_ / "bench" / "workers");
    fs::create_directories(mine_);
    for (const fs::path& file :
         {root_ / "bench/workers/bench_worker.py", root_ / "bench/workers/d.py", mine_ / "m.py"})
      std::ofstream(file) << "pass\n";
    setenv("BENCH_ROOT", root_.c_str(), 1);
    setenv("BENCH_PYTHON", "/my/python3", 1);
    unsetenv("PYTHONPATH");
  }
  ~CommandOf() override {
    unsetenv("BENCH_ROOT");
    unsetenv("BENCH_PYTHON");
  }
  Command command(std::vector<std::string> words) const {
    return command_of({.name = "w", .command = std::move(words)}, mine_ / "s.yaml");
  }
  const TemporaryFolder temporary_;
  const fs::path root_ = temporary_.path();
  const fs::path mine_ = root_ / "my scenarios";
};

TEST_F(CommandOf, Python3IsTheOneOfBenchAndTheScriptIsFound) {
  EXPECT_THAT(command({"python3", "m.py", "--compile"}).launch.argv,
              ElementsAre("/my/python3", (mine_ / "m.py").string(), "--compile"));
  EXPECT_THAT(command({"python3", "-u", "bench/workers/d.py", "m.py"}).launch.argv,
              ElementsAre("/my/python3", "-u", (root_ / "bench/workers/d.py").string(), "m.py"));
  EXPECT_THAT(command({"python3", "-m", "m.py"}).launch.argv,
              ElementsAre("/my/python3", "-m", "m.py"));
  EXPECT_THAT(command({"./m.py"}).launch.argv, ElementsAre((mine_ / "m.py").string()));
  EXPECT_THAT(command({"uv", "run", "m.py"}).launch.argv, ElementsAre("uv", "run", "m.py"));
}

TEST_F(CommandOf, TheDigestIsThatOfTheScript) {
  const Command before = command({"python3", "m.py"});
  EXPECT_EQ(before.script, mine_ / "m.py");
  EXPECT_EQ(before.digest.size(), 16u);
  EXPECT_EQ(command({"python3", "bench/workers/d.py"}).digest, before.digest);
  std::ofstream(mine_ / "m.py") << "pass # other\n";
  EXPECT_NE(command({"python3", "m.py"}).digest, before.digest);
  EXPECT_EQ(command({"uv", "run"}).digest, "");
}

TEST_F(CommandOf, AScriptThatIsNotThere) {
  const auto message = [&](std::vector<std::string> words) {
    try {
      command(std::move(words));
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  const std::string where = (mine_ / "s.yaml").string() + ": workers.w.command: no file ";
  EXPECT_EQ(message({"python3", "x.py"}),
            where + "'x.py' in " + mine_.string() + " nor in " + root_.string());
  EXPECT_EQ(message({"/no/such/program"}), where + "'/no/such/program'");
  EXPECT_EQ(message({"python3", "bench"}),
            where + "'bench' in " + mine_.string() + " nor in " + root_.string()); // a folder
}

TEST_F(CommandOf, AnyWorkerCanImportTheModule) {
  EXPECT_EQ(command({"uv"}).launch.environment.at("PYTHONPATH"),
            (root_ / "bench/workers").string());
  setenv("PYTHONPATH", "/x:/y", 1);
  EXPECT_EQ(command({"uv"}).launch.environment.at("PYTHONPATH"),
            (root_ / "bench/workers").string() + ":/x:/y");
  unsetenv("PYTHONPATH");
}

TEST_F(CommandOf, TheStampsAreThoseOfThisBuild) {
  EXPECT_TRUE(fs::exists(command({"uv"}).launch.environment.at("BENCH_STAMPS")));
}

} // namespace
} // namespace bench::workers
