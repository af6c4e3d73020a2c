#include <bench/text/columns.h>

#include <gtest/gtest.h>

#include <stdexcept>

namespace bench::text {
namespace {

TEST(Columns, AlignsNumbersToTheRight) {
  Columns columns({"fruit", "g", "price/kg"});
  columns.add({"fig", "20", "9.90"});
  columns.add({"pineapple", "1100", ""});
  EXPECT_EQ(columns.text(Style(false)), "fruit         g  price/kg\n"
                                        "fig          20      9.90\n"
                                        "pineapple  1100         -\n");
}

TEST(Columns, LeavesOutWhatNobodyKnows) {
  Columns columns({"fruit", "g", "price/kg"});
  columns.add({"fig", "", "9.90"});
  columns.add({"pineapple", "", ""});
  EXPECT_EQ(columns.text(Style(false)), "fruit      price/kg\n"
                                        "fig            9.90\n"
                                        "pineapple         -\n");
}

TEST(Columns, RemarksTakeThePlaceOfNumbersAndWidenNothing) {
  const Style style(true);
  Columns columns({"fruit", "g"});
  columns.add({"fig", "20"});
  columns.add_remark("apple", style.red("eaten by someone"));
  EXPECT_EQ(columns.text(style), "\x1b[1mfruit   g\x1b[0m\n"
                                 "fig    20\n"
                                 "apple  \x1b[31meaten by someone\x1b[0m\n");
}

TEST(Columns, RefusesShortRows) {
  Columns columns({"fruit", "g"});
  EXPECT_TRUE(columns.empty());
  EXPECT_THROW(columns.add({"fig"}), std::invalid_argument);
  EXPECT_TRUE(columns.empty());
}

} // namespace
} // namespace bench::text
