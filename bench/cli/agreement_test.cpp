#include <bench/base/file.h>
#include <bench/cli/agreement.h>
#include <bench/cli/temporary_folder.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bench::cli {
namespace {

/// An engine that takes each step `times` times: a wrong one unless once.
class Repeating final : public engines::PreparedLoop {
 public:
  Repeating(models::DenoiseLoop& loop, int times) : loop_(loop), times_(times) {}
  int steps() const override { return loop_.steps(); }
  void begin() override { loop_.begin(); }
  void step(int index) override {
    loop_.set_step(index);
    for (int i = 0; i < times_; ++i)
      loop_.step();
  }
  device::KernelCounts kernels() const override { return {}; }

 private:
  models::DenoiseLoop& loop_;
  int times_;
};

class AgreementTest : public testing::Test {
 protected:
  double step_error(scenario::DType dtype, const char* path, int times = 1) {
    scenario::LoopCase loop;
    loop.model = models::tiny_model("flux2");
    loop.model.dtype = dtype;
    loop.spec = {.steps = 4, .guidance = 4};
    const auto network = models::build(loop.model, *device_);
    network->use({{"rms_norm", path}});
    models::DenoiseLoop denoise(*network, loop.model, loop.spec, *device_);
    Repeating engine(denoise, times);
    Agreement agreement(*device_);
    results::Check check;
    agreement.check_step(loop, *network, denoise, engine, check);
    return *check.step_error;
  }
  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cpu);
};

TEST_F(AgreementTest, TheReferenceAgreesWithItselfAndOtherPathsWithinTheBound) {
  for (const auto dtype : {scenario::DType::fp32, scenario::DType::bf16}) {
    EXPECT_EQ(step_error(dtype, "aten"), 0);
    EXPECT_LT(step_error(dtype, "decomposed"), most_step_error(dtype) / 5);
  }
  EXPECT_GT(step_error(scenario::DType::bf16, "decomposed"), 0) << "it rounds otherwise";
}

TEST_F(AgreementTest, AWrongStepIsFarOutsideTheBound) {
  EXPECT_GT(step_error(scenario::DType::bf16, "aten", 2),
            5 * most_step_error(scenario::DType::bf16));
}

TEST(RelativeError, OfNothingIsNoneOrWithoutEnd) {
  const at::Tensor nothing = at::zeros({4}), something = at::ones({4});
  EXPECT_EQ(relative_error(nothing, nothing), 0);
  EXPECT_EQ(relative_error(something, nothing), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(relative_error(something * NAN, something)));
}

TEST_F(AgreementTest, LaterCasesOfALoopAreComparedWithItsFirst) {
  Agreement agreement(*device_);
  scenario::LoopCase loop;
  loop.loop = "a";
  scenario::LoopCase other = loop;
  other.loop = "b";
  const at::Tensor x = at::randn({8, 4});
  results::Check first, same, worse, elsewhere;
  agreement.compare(loop, x, first);
  agreement.compare(other, x, elsewhere);
  agreement.compare(loop, x, same);
  agreement.compare(loop, x + 0.1, worse);
  EXPECT_FALSE(first.psnr_db);
  EXPECT_FALSE(elsewhere.psnr_db);
  EXPECT_EQ(same.psnr_db, 200);
  EXPECT_LT(*worse.psnr_db, 60);
}

TEST(Psnr, IsThePeakOverTheNoise) {
  const at::Tensor reference = at::arange(11, at::kFloat); // range 10
  EXPECT_NEAR(psnr_db(reference + 1, reference), 20, 1e-5);
  EXPECT_NEAR(psnr_db(reference + 0.1, reference), 40, 1e-3);
}

TEST(SaveLatents, WritesWhatNumpyReads) {
  const TemporaryFolder folder;
  save_latents(folder / "new", "flux1/loop/dev-50/eager/aten",
               at::arange(6, at::kFloat).view({3, 2}));
  const std::string bytes = read_file(folder / "new/flux1_loop_dev-50_eager_aten.npy");
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  EXPECT_EQ(bytes.size(), 128 + 6 * 4); // a header of 128 bytes
  EXPECT_NE(bytes.find("'shape': (3, 2,), }"), std::string::npos);
}

} // namespace
} // namespace bench::cli
