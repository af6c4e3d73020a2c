#include <bench/device/libraries.h>

#include <gtest/gtest.h>

namespace bench::device {
namespace {

TEST(LibrariesOnGpu, NameWhatStepsAreMadeOf) {
  const auto device = open_device(scenario::DeviceKind::cuda);
  const auto libraries = library_facts(*device).at("libraries");
  for (const char* name : {"torch", "cudnn", "cublaslt", "cuda_runtime", "cuda_driver"})
    EXPECT_TRUE(libraries.contains(name)) << name;
  EXPECT_GE(std::stol(libraries.at("cublaslt")), 120000) << "major * 10000 + minor * 100 + patch";
}

} // namespace
} // namespace bench::device
