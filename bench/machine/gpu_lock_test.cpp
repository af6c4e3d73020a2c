#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/machine/gpu_lock.h>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace bench::machine {
namespace {

constexpr const char* kUuid = "GPU-11111111";

class GpuLockTest : public testing::Test {
 protected:
  /// A process that holds the lock until it is killed; returns once it does.
  pid_t start_holder() {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL); // also when a failed assertion leaves the test early
      const GpuLock lock(kUuid, folder_);
      char byte = 1;
      byte = write(ready[1], &byte, 1) == 1 ? 0 : 1;
      for (;;)
        pause();
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
  }

  static void kill_hard(pid_t child) {
    kill(child, SIGKILL);
    EXPECT_EQ(waitpid(child, nullptr, 0), child);
  }

  std::string refusal(const std::filesystem::path& folder) {
    try {
      const GpuLock lock(kUuid, folder);
      return "";
    } catch (const UnavailableError& error) {
      return error.what();
    }
  }

  const TemporaryFolder root_;
  const std::filesystem::path folder_ = root_ / "locks";
};

TEST_F(GpuLockTest, IsHeldWhileItLives) {
  EXPECT_FALSE(GpuLock::holder(kUuid, folder_));
  {
    GpuLock first(kUuid, folder_);
    const GpuLock lock(std::move(first));
    const std::optional<LockHolder> holder = GpuLock::holder(kUuid, folder_);
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->pid, getpid());
    EXPECT_EQ(holder->command.rfind("machine_test", 0), 0U) << holder->command;
    EXPECT_EQ(holder->since.size(), sizeof "2026-01-31T12:34:56Z" - 1);
    EXPECT_EQ(holder->since.back(), 'Z');
    EXPECT_NO_THROW(GpuLock("GPU-22222222", folder_)); // another GPU is free
  }
  EXPECT_FALSE(GpuLock::holder(kUuid, folder_));
  EXPECT_EQ(refusal(folder_), "");
}

TEST_F(GpuLockTest, AnotherProcessIsRefusedAndToldByWhom) {
  const pid_t child = start_holder();
  const std::optional<LockHolder> holder = GpuLock::holder(kUuid, folder_);
  ASSERT_TRUE(holder);
  EXPECT_EQ(holder->pid, child);
  EXPECT_EQ(refusal(folder_),
            fmt::format("GPU-11111111: another bench runs on it (pid {} since {}, `{}`); wait for "
                        "it or choose another GPU with CUDA_VISIBLE_DEVICES",
                        child, holder->since, holder->command));
  kill_hard(child);
}

TEST_F(GpuLockTest, IsFreeOnceTheHolderIsKilled) {
  kill_hard(start_holder());
  EXPECT_FALSE(GpuLock::holder(kUuid, folder_)) << "a stale file is no lock";
  EXPECT_EQ(refusal(folder_), "");
}

TEST_F(GpuLockTest, AllUsersShareFolderAndFileWhateverTheUmask) {
  const mode_t before = umask(0077);
  const GpuLock lock(kUuid, folder_);
  umask(before);
  const auto mode = [](const std::filesystem::path& path) {
    struct stat info {};
    stat(path.c_str(), &info);
    return info.st_mode & 07777;
  };
  EXPECT_EQ(mode(folder_), 01777U);
  EXPECT_EQ(mode(folder_ / "GPU-11111111.lock"), 0666U);
}

TEST_F(GpuLockTest, DoesNotFollowALinkThatAnotherUserLaidThere) {
  const std::filesystem::path victim = root_ / "victim";
  std::ofstream(victim) << "precious";
  std::filesystem::create_directory(folder_);
  std::filesystem::create_symlink(victim, folder_ / "GPU-11111111.lock");
  EXPECT_NE(refusal(folder_).find("cannot lock the GPU there"), std::string::npos);
  EXPECT_EQ(std::filesystem::file_size(victim), 8U);
}

TEST_F(GpuLockTest, NamesAFolderThatCannotBe) {
  std::ofstream(root_ / "file") << "";
  const std::string line = refusal(root_ / "file");
  EXPECT_EQ(line.rfind((root_ / "file/GPU-11111111.lock").string() + ": cannot lock", 0), 0U)
      << line;
  EXPECT_NE(line.find("set BENCH_LOCK_DIR"), std::string::npos) << line;
}

TEST(GpuLockFolder, ComesFromTheEnvironment) {
  ASSERT_EQ(setenv("BENCH_LOCK_DIR", "/somewhere", 1), 0);
  EXPECT_EQ(GpuLock::lock_folder(), "/somewhere");
  unsetenv("BENCH_LOCK_DIR");
  EXPECT_EQ(GpuLock::lock_folder(), "/tmp/bench-locks");
}

TEST(LockHolder, OfAnEmptyFileIsUnknown) {
  EXPECT_EQ(to_string(LockHolder{}), "its lock file does not say which");
}

} // namespace
} // namespace bench::machine
