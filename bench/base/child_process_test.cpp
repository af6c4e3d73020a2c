#include <bench/base/child_process.h>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace bench {
namespace {

/// How a child ends that does `work`.
template <typename Work>
std::string end_of(const Work& work) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    begin_child(parent);
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return how_it_ended(status);
}

TEST(ChildProcess, SaysHowItEnded) {
  EXPECT_EQ(end_of([] {}), "");
  EXPECT_EQ(end_of([] { _exit(3); }), "ended with exit code 3");
  EXPECT_EQ(end_of([] { raise(SIGKILL); }), "died of signal 9 (Killed)");
}

TEST(ChildProcess, HeedsTheSignalsThatItsParentHandles) {
  const auto before = std::signal(SIGTERM, SIG_IGN);
  EXPECT_EQ(end_of([] { raise(SIGTERM); }), "died of signal 15 (Terminated)");
  std::signal(SIGTERM, before);
}

TEST(ChildProcess, EndsWhenItsParentIsNoLongerThere) {
  const pid_t pid = fork();
  if (pid == 0) {
    begin_child(getpid()); // not its parent
    _exit(0);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(how_it_ended(status), "ended with exit code 127");
}

} // namespace
} // namespace bench
