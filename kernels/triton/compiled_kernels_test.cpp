#include <bench/base/temporary_folder.h>
#include <kernels/triton/compiled_kernels.h>

#include <gtest/gtest.h>

#include <fstream>

namespace kernels::triton {
namespace {

class ReadCompiled : public testing::Test {
 protected:
  void write(const char* name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::string fault() const {
    try {
      read_compiled(folder_.path());
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "none";
  }
  const bench::TemporaryFolder folder_;
};

TEST_F(ReadCompiled, GivesEveryKernelOfTheList) {
  write("kernels.txt", "rms_norm 128 bf16 rms_norm 16 4 512 a.cubin\n"
                       "rms_norm_v2 4096 fp32 f 1 8 0 b.cubin\n");
  write("a.cubin", std::string("\x7f"
                               "ELF\0x",
                               6));
  write("b.cubin", "b");
  const auto kernels = read_compiled(folder_.path());
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].function, "rms_norm");
  EXPECT_EQ(kernels[0].width_class, 128);
  EXPECT_EQ(kernels[0].dtype, c10::ScalarType::BFloat16);
  EXPECT_EQ(kernels[0].symbol, "rms_norm");
  EXPECT_EQ(kernels[0].rows, 16);
  EXPECT_EQ(kernels[0].warps, 4);
  EXPECT_EQ(kernels[0].shared_bytes, 512);
  EXPECT_EQ(kernels[0].cubin.size(), 6u);
  EXPECT_EQ(kernels[1].function, "rms_norm_v2");
  EXPECT_EQ(kernels[1].dtype, c10::ScalarType::Float);
}

TEST_F(ReadCompiled, NamesWhatIsLackingOrBroken) {
  EXPECT_NE(fault().find("kernels.txt cannot be read"), std::string::npos);
  write("kernels.txt", "rms_norm 128 bf16 rms_norm 16 4 512 a.cubin\n");
  EXPECT_NE(fault().find("a.cubin cannot be read"), std::string::npos);
  write("kernels.txt", "rms_norm 128 fp8 rms_norm 16 4 512 a.cubin\n");
  EXPECT_NE(fault().find("'rms_norm 128 fp8 rms_norm 16 4 512 a.cubin' is no kernel"),
            std::string::npos);
}

} // namespace
} // namespace kernels::triton
