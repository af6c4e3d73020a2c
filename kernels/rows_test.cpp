#include <kernels/rows.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/rand.h>

#include <gtest/gtest.h>

namespace kernels {
namespace {

at::Tensor of(at::IntArrayRef sizes, at::ScalarType type = at::kBFloat16) {
  return at::empty(sizes, type);
}

TEST(RowsOf, ADenseTensorHasOneStride) {
  EXPECT_EQ(rows_of(of({64})), (Rows{.rows = 1, .outer_stride = 64, .width = 64}));
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
           {24, 64}, {4, 6, 64}, {2, 3, 4, 64}, {1, 2, 1, 12, 1, 64}})
    EXPECT_EQ(rows_of(of(sizes)), (Rows{.rows = 24, .outer_stride = 64, .width = 64}));
}

TEST(RowsOf, DimensionsThatGoOnInOneAnotherAreOne) {
  const at::Tensor wider = of({24, 80}).narrow(1, 8, 64);
  for (const auto& sizes :
       std::vector<std::vector<std::int64_t>>{{24, 64}, {4, 6, 64}, {2, 3, 4, 64}, {24, 1, 1, 64}})
    EXPECT_EQ(rows_of(wider.view(sizes)), (Rows{.rows = 24, .outer_stride = 80, .width = 64}));
}

TEST(RowsOf, HeadsOfAPackedProductHaveTwo) {
  const Rows heads{
      .rows = 24, .inner = 4, .outer_stride = 3 * 4 * 64, .inner_stride = 64, .width = 64};
  EXPECT_EQ(rows_of(of({6, 3, 4, 64}).select(1, 1)), heads);
  EXPECT_EQ(rows_of(of({2, 3, 3, 4, 64}).select(2, 1)), heads);      // of a batch
  EXPECT_EQ(rows_of(of({2, 3, 3, 2, 2, 64}).select(2, 1)), heads);   // in groups
  EXPECT_EQ(rows_of(of({6, 3, 4, 64}).select(1, 1).transpose(0, 1)), // heads first
            (Rows{.rows = 24, .inner = 6, .outer_stride = 64, .inner_stride = 768, .width = 64}));
}

TEST(RowsOf, RowsThatAreOneInMemoryAreRead) {
  EXPECT_EQ(rows_of(of({64}).expand({24, 64})), (Rows{.rows = 24, .outer_stride = 0, .width = 64}));
  EXPECT_EQ(rows_of(of({4, 1, 64}).expand({4, 6, 64})),
            (Rows{.rows = 24, .inner = 6, .outer_stride = 64, .inner_stride = 0, .width = 64}));
}

TEST(RowsOf, MoreStridesThanTwoAndElementsWithGapsAreNone) {
  EXPECT_EQ(rows_of(of({2, 4, 7, 64}).narrow(1, 0, 3).narrow(2, 0, 6)), std::nullopt);
  EXPECT_EQ(rows_of(of({24, 64}).t()), std::nullopt);
  EXPECT_EQ(rows_of(of({24, 64, 2}).select(2, 0)), std::nullopt);
  EXPECT_EQ(rows_of(of({})), std::nullopt);
  EXPECT_EQ(rows_of(of({24, 2}).narrow(1, 1, 1)), // one element has none
            (Rows{.rows = 24, .outer_stride = 2, .width = 1}));
}

TEST(RowsOf, NoRowsAreNone) {
  EXPECT_EQ(rows_of(of({4, 0, 64}))->rows, 0);
  EXPECT_EQ(rows_of(of({4, 6, 0})), (Rows{.rows = 24, .outer_stride = 0, .width = 0}));
}

/// Where element j of row i lies, by the tensor's own index.
TEST(RowsOf, SayWhereEachRowLies) {
  const at::Tensor all = at::rand({2, 3, 3, 4, 8});
  for (const at::Tensor& x :
       {all.select(2, 1), all.select(1, 1), all.select(3, 2), all.narrow(4, 2, 4).select(2, 0)}) {
    const auto rows = rows_of(x);
    ASSERT_TRUE(rows);
    const at::Tensor dense = x.reshape({-1, x.size(-1)});
    ASSERT_EQ(dense.size(0), rows->rows);
    for (std::int64_t i = 0; i < rows->rows; ++i)
      EXPECT_EQ(x.const_data_ptr<float>()[i / rows->inner * rows->outer_stride +
                                          i % rows->inner * rows->inner_stride],
                dense[i][0].item<float>());
  }
}

TEST(Vectors, AreToldByTheirShape) {
  const at::Tensor x = of({64, 64});
  EXPECT_TRUE(is_weight_of(x, of({64})));
  EXPECT_TRUE(is_modulation_of(x, of({64})));
  EXPECT_TRUE(is_modulation_of(x, of({1, 64})));
  EXPECT_FALSE(is_weight_of(x, of({1, 64})));        // at::rms_norm refuses it
  EXPECT_FALSE(is_modulation_of(x[0], of({1, 64}))); // makes a matrix of one row
  for (const auto& sizes : std::vector<std::vector<std::int64_t>>{
           {}, {1}, {63}, {64, 1}, {2, 32}, {8, 8}, {1, 1, 64}, {1, 64, 1}, {64, 64}}) {
    EXPECT_FALSE(is_weight_of(x, of(sizes))) << at::IntArrayRef(sizes);
    EXPECT_FALSE(is_modulation_of(x, of(sizes))) << at::IntArrayRef(sizes);
  }
  EXPECT_FALSE(is_modulation_of(x, of({64}, at::kFloat)));
  EXPECT_FALSE(
      is_modulation_of(x, at::empty({64}, at::TensorOptions(at::kMeta).dtype(at::kBFloat16))));
}

} // namespace
} // namespace kernels
