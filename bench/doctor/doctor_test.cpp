#include <bench/base/temporary_folder.h>
#include <bench/doctor/doctor.h>
#include <bench/machine/fake_nvml.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench::doctor {
namespace {

using machine::FactMap;
using machine::FakeNvml;
using machine::Finding;
using machine::Nvml;
using machine::Severity;

FactMap torch_facts(bool on_gpu) {
  FactMap facts{{"libraries", {{"torch", "2.11.0"}}},
                {"settings", {{"attention", on_gpu ? "cudnn" : "flash"}}}};
  if (on_gpu)
    facts["libraries"]["cudnn"] = "91900";
  return facts;
}

std::string verdict_of(const Report& report) {
  std::string text = render(report);
  EXPECT_EQ(text.back(), '\n');
  text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

class DoctorTest : public testing::Test {
 protected:
  void SetUp() override {
    places_.root = places_.lock_folder = folder_.path();
    std::filesystem::create_directories(places_.root / "proc");
    std::ofstream(places_.root / "proc/meminfo") << "MemTotal: 134217728 kB\n";
  }

  /// What depends on the machine that runs the test is replaced.
  Report examine_fake() {
    Report report = examine(Nvml(driver_.api()), build_, places_);
    report.host["host"]["cores"] = "16";
    report.host["os"]["kernel"] = "6.1.0";
    return report;
  }

  FakeNvml driver_;
  Build build_{true, torch_facts};
  const TemporaryFolder folder_;
  Places places_;
};

TEST_F(DoctorTest, ReportsAQuietGpu) {
  driver_.devices.emplace_back().set_field(NVML_FI_DEV_MEMORY_TEMP, 44U);
  driver_.devices.emplace_back().uuid = "GPU-22222222";
  const Report report = examine_fake();
  EXPECT_EQ(render(report), R"(bench doctor

machine
  cpu           16 cores usable
  memory        128 GiB
  os            kernel 6.1.0

GPU
  name          NVIDIA H200, compute capability 9.0
  uuid          GPU-11111111-0000-0000-0000-000000000000
  place         PCI 00000000:18:00.0, VBIOS 96.00.BC.00.01
  driver        580.159.03, runs CUDA up to 13.0
  SM clock      345 MHz of 1980 MHz, lowered by GpuIdle
  memory clock  3201 MHz of 3201 MHz
  power         77 W, limit 700 W, default 700 W
  temperature   GPU 31 C, memory 44 C
  memory        2 of 143771 MiB used
  modes         ECC on, MIG off, persistence on, compute mode default
  processes     none
  not chosen    NVIDIA H200 (GPU-22222222)

libraries
  cudnn         91900
  torch         2.11.0

settings
  attention     cudnn

what would spoil a measurement here
  [ok]   nothing found

ready: NVIDIA H200 (GPU-11111111-0000-0000-0000-000000000000)
)");
  EXPECT_EQ(exit_code(report), ExitCode::ok);
}

TEST_F(DoctorTest, ReportsASpoiledGpuThatTellsLittle) {
  nvmlDevice_st& gpu = driver_.devices.emplace_back();
  gpu.compute_capability.reset();
  gpu.vbios.reset();
  gpu.sm_clock_mhz.reset();
  gpu.memory_clock_mhz = gpu.max_memory_clock_mhz = {};
  gpu.power_mw.reset();
  gpu.power_limit_mw = 600000;
  gpu.clocks_events.reset();
  gpu.temperature_c.reset();
  gpu.ecc_uncorrected.reset();
  gpu.mig_enabled.reset();
  gpu.persistence_enabled = false;
  gpu.memory_v2.reset();
  gpu.graphics_processes = {{0x7ffffff0, 300 << 20, ~0U, ~0U}};
  const Report report = examine_fake();
  EXPECT_EQ(render(report), R"(bench doctor

machine
  cpu           16 cores usable
  memory        128 GiB
  os            kernel 6.1.0

GPU
  name          NVIDIA H200
  uuid          GPU-11111111-0000-0000-0000-000000000000
  place         PCI 00000000:18:00.0
  driver        580.159.03, runs CUDA up to 13.0
  SM clock      of 1980 MHz
  power         limit 600 W, default 700 W
  memory        622 of 143771 MiB used, the driver's among it
  modes         ECC on, persistence off, compute mode default
  processes     2147483632 not visible from here (graphics, 300 MiB)

libraries
  cudnn         91900
  torch         2.11.0

settings
  attention     cudnn

what would spoil a measurement here
  [fail] graphics process 2147483632 (not visible from here, 300 MiB) is on the GPU
         mend: end it, or choose another GPU with CUDA_VISIBLE_DEVICES
  [warn] the power limit is 600 W, below the default of 700 W: comparable only with baselines at that limit
         mend: nvidia-smi --power-limit=700
  [warn] persistence mode is off: the driver unloads between processes, and each starts cold
         mend: nvidia-smi --persistence-mode=1, or run nvidia-persistenced
  [?]    not told by the driver: slowdown of the clocks, MIG, memory errors

not ready: graphics process 2147483632 (not visible from here, 300 MiB) is on the GPU
)");
  EXPECT_EQ(exit_code(report), ExitCode::unavailable);
}

TEST_F(DoctorTest, ReportsAMachineWithoutAGpu) {
  driver_.init_status = NVML_ERROR_DRIVER_NOT_LOADED;
  const Report report = examine_fake();
  EXPECT_EQ(render(report), R"(bench doctor

machine
  cpu           16 cores usable
  memory        128 GiB
  os            kernel 6.1.0

GPU
  none          the NVIDIA driver is installed but not loaded

libraries
  torch         2.11.0

settings
  attention     flash

what would spoil a measurement here
  [ok]   nothing found

no GPU: the cpu profile runs
)");
  EXPECT_EQ(exit_code(report), ExitCode::ok);
}

TEST_F(DoctorTest, LooksAtTheGpuThatCudaWouldUse) {
  driver_.devices.emplace_back();
  driver_.devices.emplace_back().uuid = "GPU-22222222";
  places_.cuda_visible_devices = "1";
  const Report second = examine_fake();
  EXPECT_EQ(verdict_of(second), "ready: NVIDIA H200 (GPU-22222222)");
  EXPECT_EQ(second.other_gpus,
            std::vector<std::string>{"NVIDIA H200 (GPU-11111111-0000-0000-0000-000000000000)"});
  places_.cuda_visible_devices = "-1";
  const Report none = examine_fake();
  EXPECT_EQ(none.no_gpu, "CUDA_VISIBLE_DEVICES='-1' selects none of 2");
  EXPECT_EQ(verdict_of(none), "no GPU: the cpu profile runs");
  EXPECT_EQ(none.other_gpus.size(), 2U);
}

TEST_F(DoctorTest, WithoutCudaTheStateOfTheGpuDoesNotMatter) {
  build_.cuda = false;
  driver_.devices.emplace_back().mig_enabled = true;
  const Report report = examine_fake();
  EXPECT_EQ(verdict_of(report),
            "no CUDA: this build only runs the cpu profile; build with the preset `cuda`");
  EXPECT_EQ(exit_code(report), ExitCode::ok);
  EXPECT_EQ(report.libraries.at("settings").at("attention"), "flash");
}

TEST_F(DoctorTest, WarningsDoNotStopAMeasurement) {
  nvmlDevice_st& gpu = driver_.devices.emplace_back();
  gpu.uuid = "GPU-1";
  gpu.persistence_enabled = false;
  EXPECT_EQ(verdict_of(examine_fake()), "ready: NVIDIA H200 (GPU-1), with 1 warning");
  gpu.power_limit_mw = 600000;
  EXPECT_EQ(verdict_of(examine_fake()), "ready: NVIDIA H200 (GPU-1), with 2 warnings");
  EXPECT_EQ(exit_code(examine_fake()), ExitCode::ok);
}

TEST_F(DoctorTest, SeesAnotherBench) {
  driver_.devices.emplace_back().uuid = "GPU-1";
  const machine::GpuLock lock("GPU-1", places_.lock_folder);
  const Report report = examine_fake();
  EXPECT_EQ(verdict_of(report).rfind("not ready: another bench holds the GPU's lock (pid ", 0), 0U)
      << verdict_of(report);
  EXPECT_EQ(exit_code(report), ExitCode::unavailable);
}

TEST_F(DoctorTest, KnowsWhatItsKernelsRunOn) {
  nvmlDevice_st& gpu = driver_.devices.emplace_back();
  gpu.compute_capability = std::pair(8, 0);
  EXPECT_EQ(verdict_of(examine_fake()),
            "not ready: the GPU has compute capability 8.0, and the kernels of this build run on "
            "9.0 (Hopper)");
  gpu.mig_enabled = true;
  EXPECT_EQ(verdict_of(examine_fake()), "not ready: 2 errors, see above");
}

TEST_F(DoctorTest, SaysWhenTorchDoesNotWork) {
  driver_.devices.emplace_back().persistence_enabled = false;
  build_.libraries = [](bool) -> FactMap {
    throw std::runtime_error("CUDA driver version is insufficient\nException raised from ...");
  };
  const Report report = examine_fake();
  EXPECT_EQ(verdict_of(report),
            "not ready: torch cannot compute on the GPU: CUDA driver version is insufficient");
  EXPECT_EQ(report.findings.back().severity, Severity::warning);
  EXPECT_EQ(exit_code(report), ExitCode::unavailable);
}

TEST_F(DoctorTest, LooksBeforeTorchPutsThisProcessOnTheGpu) {
  nvmlDevice_st& gpu = driver_.devices.emplace_back();
  build_.libraries = [&gpu](bool on_gpu) {
    gpu.compute_processes = {{0x7ffffff0, 500 << 20, ~0U, ~0U}};
    return torch_facts(on_gpu);
  };
  EXPECT_EQ(exit_code(examine_fake()), ExitCode::ok);
}

TEST(Doctor, PrintsAReportOfThisMachine) {
  std::FILE* out = std::tmpfile();
  ASSERT_NE(out, nullptr);
  const ExitCode code = print_report(out, {false, torch_facts});
  std::string text(static_cast<std::size_t>(std::ftell(out)), '\0');
  std::rewind(out);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), out), text.size());
  std::fclose(out);
  EXPECT_EQ(code, ExitCode::ok);
  EXPECT_EQ(text.rfind("bench doctor\n\nmachine\n", 0), 0U) << text;
  EXPECT_NE(text.find("cpu profile"), std::string::npos) << text;
}

} // namespace
} // namespace bench::doctor
