#include <bench/scenario/quantity.h>

#include <gtest/gtest.h>

namespace bench::scenario {
namespace {

TEST(Quantity, Integers) {
  EXPECT_EQ(parse_integer("50"), 50);
  EXPECT_EQ(parse_integer("-1"), -1);
  for (const char* text : {"", " 5", "5 ", "5.0", "1e3", "0x10", "five", "99999999999999999999"})
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
}

TEST(Quantity, Numbers) {
  EXPECT_EQ(parse_number("3"), 3.0);
  EXPECT_EQ(parse_number("-2.5e-1"), -0.25);
  for (const char* text : {"", "nan", "inf", "-inf", "1e999", "3.0x"})
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
}

TEST(Quantity, FractionsWithAndWithoutPercent) {
  EXPECT_EQ(parse_fraction("0.2 %"), 0.002);
  EXPECT_EQ(parse_fraction("0.2%"), 0.002);
  EXPECT_EQ(parse_fraction("0.002"), 0.002);
  for (const char* text : {"", "%", "x %", "0.2 % %", "0.2 permille"})
    EXPECT_EQ(parse_fraction(text), std::nullopt) << text;
}

TEST(Quantity, DurationsNeedAUnit) {
  EXPECT_EQ(parse_duration("2 s"), 2.0);
  EXPECT_EQ(parse_duration("500 ms"), 0.5);
  EXPECT_EQ(parse_duration("1.5min"), 90.0);
  for (const char* text : {"", "2", "s", "2 h", "2 s s"})
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
}

TEST(Quantity, Resolutions) {
  EXPECT_EQ(parse_resolution("1024x768"), (Resolution{1024, 768}));
  for (const char* text : {"", "1024", "x", "1024x", "1024 x 768", "1024X768", "1x2x3"})
    EXPECT_EQ(parse_resolution(text), std::nullopt) << text;
}

} // namespace
} // namespace bench::scenario
