#include <bench/base/file.h>
#include <bench/base/temporary_folder.h>
#include <bench/models/registry.h>
#include <bench/models/tiny_model.h>
#include <bench/replicate/agreement.h>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace bench::replicate {
namespace {

class AgreementTest : public testing::Test {
 protected:
  struct Checked {
    std::string wrong;
    results::Check check;
  };
  /// A loop whose step `wrong_step` is taken twice; -1: none.
  Checked check(scenario::DType dtype, const char* path, int wrong_step = -1) {
    scenario::LoopCase loop;
    loop.model = models::tiny_model("flux2");
    loop.model.dtype = dtype;
    loop.spec = {.steps = 4, .guidance = 4};
    const auto network = models::build(loop.model, *device_);
    network->use({{"rms_norm", path}});
    models::DenoiseLoop denoise(*network, loop.model, loop.spec, *device_);
    std::vector<at::Tensor> added;
    for (const int index : compared_steps(loop.spec.steps))
      added.push_back(added_by_step(denoise, [&] {
        denoise.set_step(index);
        denoise.step();
        if (index == wrong_step)
          denoise.step();
      }));
    Agreement agreement(*device_);
    const Agreement::Reference& reference =
        agreement.reference(loop, [&]() -> models::Denoiser& { return *network; });
    Checked checked;
    checked.wrong = agreement.check(loop, reference, added, denoise.latents(), checked.check);
    return checked;
  }
  std::unique_ptr<device::Device> device_ = device::open_device(scenario::DeviceKind::cpu);
};

TEST_F(AgreementTest, TheReferenceAgreesWithItselfAndOtherPathsWithinTheBound) {
  for (const auto dtype : {scenario::DType::fp32, scenario::DType::bf16}) {
    EXPECT_EQ(check(dtype, "aten").check.step_error, 0);
    const Checked other = check(dtype, "decomposed");
    EXPECT_EQ(other.wrong, "");
    EXPECT_LT(*other.check.step_error, most_step_error(dtype, 1) / 3);
  }
  EXPECT_GT(*check(scenario::DType::bf16, "decomposed").check.step_error, 0)
      << "it rounds otherwise";
}

TEST_F(AgreementTest, AWrongStepIsNamedTheFirstAndALaterOne) {
  for (const int step : {0, 2}) {
    const Checked wrong = check(scenario::DType::bf16, "aten", step);
    EXPECT_GT(*wrong.check.step_error, 5 * most_step_error(scenario::DType::bf16, 1));
    EXPECT_EQ(wrong.wrong.find(step == 0 ? "step 1 is " : "step 3 is "), 0U) << wrong.wrong;
  }
}

TEST(ComparedSteps, AreTheFirstAndTheMiddleOne) {
  EXPECT_EQ(compared_steps(1), (std::vector{0}));
  EXPECT_EQ(compared_steps(2), (std::vector{0, 1}));
  EXPECT_EQ(compared_steps(9), (std::vector{0, 4}));
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
  loop.engine = "graph";
  loop.paths = {{"rms_norm", "fused"}};
  loop.spec.steps = 1;
  scenario::LoopCase other = loop;
  other.loop = "b";
  const at::Tensor x = at::randn({8, 4});
  const Agreement::Reference reference{.added = {x}, .most_error = 0.04};
  const auto compare = [&](const scenario::LoopCase& with, const at::Tensor& latents,
                           results::Check& check) {
    return agreement.check(with, reference, {x}, latents, check);
  };
  results::Check bad, first, same, noisy, elsewhere, unlike;
  EXPECT_NE(agreement.check(loop, reference, {x * 2}, x * 2, bad), "") << "not the first, then";
  EXPECT_EQ(compare(loop, x, first), "");
  EXPECT_EQ(compare(other, x, elsewhere), "");
  EXPECT_EQ(compare(loop, x, same), "");
  EXPECT_EQ(compare(loop, x + 0.01, noisy), "");
  const std::string wrong = compare(loop, x * 1.3, unlike);
  EXPECT_NE(wrong.find("dB from those of engine graph, rms_norm fused"), std::string::npos)
      << wrong;
  EXPECT_FALSE(first.psnr_db);
  EXPECT_FALSE(elsewhere.psnr_db);
  EXPECT_EQ(same.psnr_db, 200);
  EXPECT_LT(*noisy.psnr_db, 60);
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
} // namespace bench::replicate
