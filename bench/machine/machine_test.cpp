#include <bench/base/temporary_folder.h>
#include <bench/machine/fake_nvml.h>
#include <bench/machine/machine.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

namespace bench::machine {
namespace {

class HostFactsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(root_ / "proc");
    std::filesystem::create_directory(root_ / "etc");
  }

  const TemporaryFolder temporary_;
  const std::filesystem::path root_ = temporary_.path();
};

TEST_F(HostFactsTest, AreReadFromProcAndEtc) {
  std::ofstream(root_ / "proc/cpuinfo") << "processor\t: 0\nmodel name\t: Xeon: 8480C\n\n"
                                           "processor\t: 1\nmodel name\t: other\n";
  std::ofstream(root_ / "proc/meminfo") << "MemTotal:       131072 kB\nMemFree: 1 kB\n";
  std::ofstream(root_ / "etc/os-release") << "NAME=\"Debian\"\nPRETTY_NAME=\"Debian 12\"\n";
  const FactMap facts = host_facts(root_);
  EXPECT_EQ(facts.at("host").at("cpu"), "Xeon: 8480C");
  EXPECT_EQ(facts.at("host").at("memory_bytes"), "134217728");
  EXPECT_GE(std::stoi(facts.at("host").at("cores")), 1);
  EXPECT_EQ(facts.at("os").at("name"), "Debian 12");
  EXPECT_FALSE(facts.at("os").at("kernel").empty());
}

TEST_F(HostFactsTest, AreAbsentWhereUnknown) {
  std::ofstream(root_ / "proc/cpuinfo") << "processor : 0\nBogoMIPS : 2000\n"; // as on Arm
  const FactMap facts = host_facts(root_);
  EXPECT_EQ(facts.at("host").count("cpu"), 0U);
  EXPECT_EQ(facts.at("host").count("memory_bytes"), 0U);
  EXPECT_EQ(facts.at("os").count("name"), 0U);
}

TEST_F(HostFactsTest, AProcessTreeHasAllThatDescendFromItsRoot) {
  const auto process = [&](int pid, const std::string& name, int parent) {
    const auto folder = root_ / "proc" / std::to_string(pid);
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "stat") << pid << " (" << name << ") S " << parent << " 1 1 0\n";
  };
  process(10, "bench", 1);
  process(30, "a) R 10 (", 10); // a process may call itself anything
  process(20, "python3", 30);
  process(11, "bench", 1);
  process(40, "python3", 11);
  std::filesystem::create_directories(root_ / "proc/50"); // just ended
  std::filesystem::create_directories(root_ / "proc/sys");
  EXPECT_EQ(process_tree(10, root_), (std::vector<int>{10, 30, 20}));
  EXPECT_EQ(process_tree(10, root_ / "nowhere"), std::vector<int>{10});
}

TEST(ProcessTree, OfThisProcessHasItsChild) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  EXPECT_EQ(process_tree(getpid()), (std::vector<int>{getpid(), child}));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_EQ(process_tree(getpid()), std::vector<int>{getpid()});
}

TEST(GpuFacts, HoldWhatStays) {
  FakeNvml driver;
  driver.devices.emplace_back();
  const Nvml nvml(driver.api());
  const FactMap expected{
      {"driver", {{"cuda", "13.0"}, {"version", "580.159.03"}}},
      {"gpu",
       {{"application_sm_clock_hz", "1980000000"},
        {"compute_capability", "9.0"},
        {"compute_mode", "default"},
        {"default_power_limit_w", "700"},
        {"ecc", "on"},
        {"max_memory_clock_hz", "3201000000"},
        {"max_sm_clock_hz", "1980000000"},
        {"memory_bytes", "150754820096"},
        {"mig", "off"},
        {"name", "NVIDIA H200"},
        {"pci_bus_id", "00000000:18:00.0"},
        {"persistence", "on"},
        {"power_limit_w", "700"},
        {"uuid", "GPU-11111111-0000-0000-0000-000000000000"},
        {"vbios", "96.00.BC.00.01"}}},
  };
  EXPECT_EQ(gpu_facts(nvml, nvml.device(0).value()), expected);
}

TEST(GpuFacts, AreAbsentWhereNotSupported) {
  FakeNvml driver;
  nvmlDevice_st& fake = driver.devices.emplace_back();
  fake.vbios.reset();
  fake.application_clock_mhz.reset();
  fake.mig_enabled.reset();
  const Nvml nvml(driver.api());
  const FactMap facts = gpu_facts(nvml, nvml.device(0).value());
  EXPECT_EQ(facts.at("gpu").count("vbios"), 0U);
  EXPECT_EQ(facts.at("gpu").count("application_sm_clock_hz"), 0U);
  EXPECT_EQ(facts.at("gpu").count("mig"), 0U);
  EXPECT_EQ(facts.at("gpu").count("name"), 1U);
}

} // namespace
} // namespace bench::machine
