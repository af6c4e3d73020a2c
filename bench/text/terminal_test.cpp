#include <bench/text/terminal.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

namespace bench::text {
namespace {

/// A terminal without a person: the near end of a pseudo-terminal as a stream.
class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TERM", "xterm-256color", 1);
    ::unsetenv("NO_COLOR");
    controller_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(controller_, 0);
    ASSERT_EQ(::grantpt(controller_), 0);
    ASSERT_EQ(::unlockpt(controller_), 0);
    const int descriptor = ::open(::ptsname(controller_), O_RDWR | O_NOCTTY);
    ASSERT_GE(descriptor, 0);
    stream_ = ::fdopen(descriptor, "w");
    ASSERT_NE(stream_, nullptr);
  }

  void TearDown() override {
    if (stream_ != nullptr)
      std::fclose(stream_);
    if (controller_ >= 0)
      ::close(controller_);
  }

  void resize(unsigned short columns) {
    const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(::ioctl(controller_, TIOCSWINSZ, &size), 0);
  }

  int controller_ = -1;
  std::FILE* stream_ = nullptr;
};

TEST_F(TerminalTest, IsInteractiveAndStyled) {
  const Terminal terminal = inspect_terminal(stream_);
  EXPECT_TRUE(terminal.interactive);
  EXPECT_TRUE(terminal.styled);
}

TEST_F(TerminalTest, WidthFollowsTheWindow) {
  EXPECT_EQ(inspect_terminal(stream_).width, 80); // a new pseudo-terminal has 0 columns
  resize(132);
  EXPECT_EQ(inspect_terminal(stream_).width, 132);
  resize(20);
  EXPECT_EQ(inspect_terminal(stream_).width, 20);
}

TEST_F(TerminalTest, NoColorTakesColoursButNotTheBar) {
  ::setenv("NO_COLOR", "0", 1); // any value counts
  EXPECT_TRUE(inspect_terminal(stream_).interactive);
  EXPECT_FALSE(inspect_terminal(stream_).styled);
  ::setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(inspect_terminal(stream_).styled);
}

TEST_F(TerminalTest, DumbOrUnnamedTerminalsAreNotInteractive) {
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(inspect_terminal(stream_).interactive);
  EXPECT_FALSE(inspect_terminal(stream_).styled);
  ::unsetenv("TERM");
  EXPECT_FALSE(inspect_terminal(stream_).interactive);
}

TEST_F(TerminalTest, FilesAreNot) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), std::fclose);
  const Terminal terminal = inspect_terminal(file.get());
  EXPECT_FALSE(terminal.interactive);
  EXPECT_FALSE(terminal.styled);
  EXPECT_EQ(terminal.width, 80);
}

TEST(StyleTest, MarksUpOnlyWhenEnabled) {
  const Style on(true);
  EXPECT_EQ(on.bold("x"), "\x1b[1mx\x1b[0m");
  EXPECT_EQ(on.dim("x"), "\x1b[2mx\x1b[0m");
  EXPECT_EQ(on.red("x"), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(on.green("x"), "\x1b[32mx\x1b[0m");
  EXPECT_EQ(on.yellow("x"), "\x1b[33mx\x1b[0m");
  EXPECT_EQ(on.red(""), "");
  EXPECT_EQ(Style(false).bold("x"), "x");
}

} // namespace
} // namespace bench::text
