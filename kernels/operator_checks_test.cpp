#include <kernels/input_layouts.h>
#include <kernels/operator_checks.h>

#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>

#include <gtest/gtest-spi.h>

#include <memory>

/// What is wrong with an operator is found: on the CPU and on the GPU.
namespace kernels {
namespace {

/// rms_norm of another path, but for a last row that it does not write, or an input, the element
/// before it or one beside its output that it does, or an eps of its own, or a row of NaN where one
/// number is, or none, or numbers that are a little too large.
class Faulty final : public Operators {
 public:
  enum class Fault {
    leaves_a_row,
    writes_its_input,
    writes_beside_its_input,
    writes_before_its_output,
    writes_past_its_output,
    ignores_eps,
    is_off, ///< by 32 roundings of fp32
    spreads_a_nan,
    loses_a_nan
  };
  Faulty(const Operators& right, Fault fault) : right_(right), fault_(fault) {}

  at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) const override {
    at::Tensor y = right_.rms_norm(x, weight, fault_ == Fault::ignores_eps ? kEps : eps);
    if (fault_ == Fault::ignores_eps)
      return y;
    if (fault_ == Fault::is_off)
      return y * (1 + 0x1p-19);
    if (fault_ == Fault::spreads_a_nan)
      return at::where(y.isnan().any(-1, true), kBeside, y);
    if (fault_ == Fault::loses_a_nan)
      return at::where(y.isnan() & x.isnan().logical_not(), 0.0, y);
    if (fault_ == Fault::writes_its_input) {
      x.add_(1);
      return y;
    }
    if (fault_ == Fault::writes_beside_its_input) {
      x.as_strided({1}, {1}, x.storage_offset() - 1).fill_(1);
      return y;
    }
    at::Tensor partly = at::empty(x.sizes(), x.options());
    if (fault_ == Fault::writes_before_its_output || fault_ == Fault::writes_past_its_output) {
      const std::int64_t beside = fault_ == Fault::writes_past_its_output ? x.numel() : -1;
      partly.as_strided({1}, {1}, partly.storage_offset() + beside).fill_(1);
      return partly.copy_(y);
    }
    const std::int64_t rows = x.size(0) - 1;
    partly.narrow(0, 0, rows).copy_(y.narrow(0, 0, rows));
    return partly;
  }

 private:
  const Operators& right_;
  Fault fault_;
};

TEST_P(EveryPath, IsAskedWhetherItWritesAllOfItsOutputAndNothingElse) {
  for (const std::int64_t rows : {2, 40, 3000}) { // of blocks that an allocator has, and new ones
    const Shape shape{rows, 1, 128, at::kBFloat16};
    const Family& family = *find_family("rms_norm");
    const Inputs in = family.make(shape, device());
    Path faulty = path();
    faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::leaves_a_row);
    EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "error.max()");
    faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::writes_its_input);
    EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "input 0 was written");
    faulty.operators =
        std::make_shared<Faulty>(*path().operators, Faulty::Fault::writes_beside_its_input);
    const Inputs views = laid_out(in, at_an_odd_element, at_an_odd_element);
    EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, views), "memory beside it");
    for (const auto fault :
         {Faulty::Fault::writes_before_its_output, Faulty::Fault::writes_past_its_output}) {
      faulty.operators = std::make_shared<Faulty>(*path().operators, fault);
      EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "beside an output");
    }
  }
}

TEST_P(EveryPath, IsAskedForMoreThanNineteenBitsOfFp32) {
  Path faulty = path();
  faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::is_off);
  const Family& family = *find_family("rms_norm");
  const Shape shape{40, 1, 128, at::kFloat};
  const Inputs in = family.make(shape, device());
  EXPECT_NONFATAL_FAILURE(expect_agrees(family, faulty, shape, in), "error.max()");
}

TEST_P(EveryPath, IsAskedWhetherANanOrInfinityIsWhatTheFormulaMakesOfIt) {
  Path faulty = path();
  const auto ask = [&] {
    expect_agrees_beside_what_is_not_finite(*find_family("rms_norm"), faulty,
                                            {40, 1, 128, at::kBFloat16}, device());
  };
  faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::spreads_a_nan);
  EXPECT_NONFATAL_FAILURE(ask(), "numbers are wrong");
  faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::loses_a_nan);
  EXPECT_NONFATAL_FAILURE(ask(), "numbers are wrong");
  faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::leaves_a_row);
  EXPECT_NONFATAL_FAILURE(ask(), "numbers are wrong");
  faulty.operators =
      std::make_shared<Faulty>(*path().operators, Faulty::Fault::writes_past_its_output);
  EXPECT_NONFATAL_FAILURE(ask(), "beside an output");
}

TEST(ExpectNumbers, TellsWhatIsNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity(), kNan = kBeside;
  const auto ask = [](double is, double must) {
    expect_numbers(at::full({3}, is, at::kFloat), at::full({3}, must, at::kDouble), 0x1p-24);
  };
  for (const double same : {kNan, kInfinity, -kInfinity, 0.0, 1.0})
    ask(same, same);
  ask(1 + 0x1p-23, 1);
  for (const auto& [is, must] : {std::pair{kNan, 0.0},
                                 {0.0, kNan},
                                 {kInfinity, kNan},
                                 {kNan, kInfinity},
                                 {-kInfinity, kInfinity},
                                 {3e38, kInfinity},
                                 {kInfinity, 3e38},
                                 {1 + 0x1p-22, 1.0}}) {
    SCOPED_TRACE(std::to_string(is) + " instead of " + std::to_string(must));
    EXPECT_NONFATAL_FAILURE(ask(is, must), "3 numbers are wrong");
  }
}

TEST_P(EveryPath, IsAskedWhetherItAddsTheEpsThatItIsGiven) {
  Path faulty = path();
  faulty.operators = std::make_shared<Faulty>(*path().operators, Faulty::Fault::ignores_eps);
  for (const auto type : kTypes)
    for (const double eps : {1e-6, 1e-2})
      EXPECT_NONFATAL_FAILURE(expect_agrees_at_scales(faulty, *find_family("rms_norm"),
                                                      {1, 1, 128, type}, device(), {1e-3}, eps),
                              "scale 0.001");
}

} // namespace
} // namespace kernels
