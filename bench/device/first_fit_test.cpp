#include <bench/device/first_fit.h>

#include <gtest/gtest.h>

namespace bench::device {
namespace {

constexpr std::int64_t kPage = 100;

TEST(FirstFit, PiecesAreWholePagesOneBehindTheOther) {
  FirstFit block(8 * kPage, kPage);
  EXPECT_EQ(block.take(1), 0);
  EXPECT_EQ(block.take(kPage), kPage);
  EXPECT_EQ(block.take(kPage + 1), 2 * kPage);
  EXPECT_EQ(block.take(kPage), 4 * kPage);
}

TEST(FirstFit, LieBehindTheStartAlsoWhereThereIsRoomBefore) {
  FirstFit block(8 * kPage, kPage);
  block.start_at(3 * kPage);
  EXPECT_EQ(block.take(kPage), 3 * kPage);
  block.start_at(1 * kPage);
  EXPECT_EQ(block.take(3 * kPage), 4 * kPage) << "does not fit before the other";
  EXPECT_EQ(block.take(2 * kPage), kPage) << "does";
}

TEST(FirstFit, WhatIsGivenBackIsTakenAgain) {
  FirstFit block(4 * kPage, kPage);
  EXPECT_EQ(block.take(2 * kPage), 0);
  EXPECT_EQ(block.take(2 * kPage), 2 * kPage);
  EXPECT_TRUE(block.give_back(0));
  EXPECT_FALSE(block.give_back(0));
  EXPECT_FALSE(block.give_back(kPage));
  EXPECT_EQ(block.take(kPage), 0);
  EXPECT_EQ(block.take(kPage), kPage);
}

TEST(FirstFit, AFullBlockSaysSo) {
  FirstFit block(4 * kPage, kPage);
  EXPECT_FALSE(block.take(4 * kPage + 1));
  EXPECT_EQ(block.take(4 * kPage), 0);
  EXPECT_FALSE(block.take(1));
  block.give_back(0);
  block.start_at(4 * kPage);
  EXPECT_FALSE(block.take(1));
}

TEST(FirstFit, APieceThatBeginsBeforeTheStartIsInTheWayToo) {
  FirstFit block(8 * kPage, kPage);
  block.take(4 * kPage);
  block.start_at(2 * kPage);
  EXPECT_EQ(block.take(kPage), 4 * kPage);
}

} // namespace
} // namespace bench::device
