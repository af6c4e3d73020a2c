#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/temporary_folder.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class File : public testing::Test {
 protected:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    return names;
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path();
};

template <typename Exception, typename Function>
std::string message_of(Function function) {
  try {
    function();
  } catch (const Exception& error) {
    return error.what();
  }
  return "(nothing thrown)";
}

TEST_F(File, ReadsBackEveryByte) {
  const std::string text("line\r\n\0\xff", 8);
  write_file_atomically(folder_ / "a", text);
  EXPECT_EQ(read_file(folder_ / "a"), text);
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(File, ReadsFilesWithoutASize) {
  EXPECT_THAT(read_file("/proc/self/status"), HasSubstr("Pid:"));
}

TEST_F(File, UnreadableFilesAreNamedWithTheMend) {
  EXPECT_THAT(message_of<UsageError>([&] { read_file(folder_ / "none"); }),
              AllOf(HasSubstr((folder_ / "none").string()), HasSubstr("No such file"),
                    HasSubstr("; check the path")));
  EXPECT_THAT(message_of<UsageError>([&] { read_file(folder_); }),
              AllOf(HasSubstr("Is a directory"), HasSubstr("; name a file in it")));
}

TEST_F(File, ReplacesAndMakesFolders) {
  const fs::path path = folder_ / "x" / "y" / "result.json";
  write_file_atomically(path, "old, and longer");
  write_file_atomically(path, "new");
  EXPECT_EQ(read_file(path), "new");
}

TEST_F(File, HonoursTheUmask) {
  const mode_t before = ::umask(027);
  write_file_atomically(folder_ / "a", "");
  ::umask(before);
  struct stat status {};
  ASSERT_EQ(::stat((folder_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
}

TEST_F(File, WritesThroughASymbolicLink) {
  write_file_atomically(folder_ / "target", "old");
  fs::create_symlink("target", folder_ / "link");
  write_file_atomically(folder_ / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(read_file(folder_ / "target"), "new");
}

TEST_F(File, NeverReplacesAFolderOrADevice) {
  EXPECT_THAT(message_of<UsageError>([&] { write_file_atomically(folder_, "x"); }),
              HasSubstr("no regular file"));
  EXPECT_THAT(message_of<UsageError>([] { write_file_atomically("/dev/null", "x"); }),
              HasSubstr("no regular file"));
  EXPECT_THAT(message_of<UsageError>([&] { write_file_atomically(folder_ / "sub" / "", "x"); }),
              HasSubstr("Is a directory"));
}

TEST_F(File, AFileInPlaceOfAFolderIsAUsageError) {
  write_file_atomically(folder_ / "a", "x");
  const auto write = [&] { write_file_atomically(folder_ / "a" / "b", "y"); };
  const auto check = [&] { check_writable(folder_ / "a" / "b"); };
  EXPECT_THAT(message_of<UsageError>(write),
              AllOf(HasSubstr((folder_ / "a" / "b").string()), HasSubstr("Not a directory"),
                    HasSubstr("or name another place")));
  EXPECT_EQ(message_of<UsageError>(check), message_of<UsageError>(write));
}

TEST_F(File, AFailedWriteKeepsTheOldFileAndLeavesNoOther) {
  write_file_atomically(folder_ / "a", "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1 << 16, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of<UsageError>(
      [&] { write_file_atomically(folder_ / "a", std::string(1 << 20, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);

  EXPECT_THAT(message, HasSubstr("File too large"));
  EXPECT_EQ(read_file(folder_ / "a"), "old");
  EXPECT_THAT(names(), ElementsAre("a"));
}

TEST_F(File, CheckWritableLeavesNothing) {
  check_writable(folder_ / "a");
  EXPECT_THAT(names(), IsEmpty());
}

TEST(WriteError, AFullDiskIsTheMachinesFault) {
  for (const int error : {ENOSPC, EDQUOT}) {
    EXPECT_THAT(message_of<UnavailableError>([&] { throw_write_error("out/a.json", error); }),
                AllOf(HasSubstr("'out/a.json'"), HasSubstr("; free some space")));
  }
  EXPECT_THAT(
      message_of<UsageError>([] { throw_write_error("/out/a.json", EACCES); }),
      AllOf(HasSubstr("'/out/a.json'"), HasSubstr("Permission denied"), HasSubstr("'/out'")));
}

} // namespace
} // namespace bench
