#include <bench/base/installation.h>
#include <bench/base/temporary_folder.h>

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace bench {
namespace {

namespace fs = std::filesystem;

/// An empty folder, and the two variables as they were afterwards.
class Installation : public testing::Test {
 protected:
  Installation() {
    fs::create_directories(root_ / "bench");
    unsetenv("BENCH_ROOT");
    unsetenv("BENCH_PYTHON");
  }
  ~Installation() override {
    unsetenv("BENCH_ROOT");
    unsetenv("BENCH_PYTHON");
  }
  const TemporaryFolder temporary_;
  const fs::path root_ = temporary_.path();
};

TEST_F(Installation, TheNamedFolderWhereItHasThePart) {
  std::ofstream(root_ / "bench" / "part.py") << "";
  setenv("BENCH_ROOT", root_.c_str(), 1);
  EXPECT_EQ(installation_with("bench/part.py"), root_);
}

TEST_F(Installation, ElseAFolderAboveThisProgram) {
  const fs::path bin = fs::read_symlink("/proc/self/exe").parent_path();
  EXPECT_EQ(installation_with(bin.filename()), bin.parent_path());
  setenv("BENCH_ROOT", root_.c_str(), 1); // which has no such part
  EXPECT_EQ(installation_with(bin.filename()), bin.parent_path());
  EXPECT_EQ(installation_with("no such part"), "");
}

TEST_F(Installation, AProgramBesideThisOne) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  EXPECT_EQ(program_beside(self.filename()), self);
}

TEST_F(Installation, ThePython) {
  EXPECT_EQ(installed_python(root_), "python3");
  fs::create_directories(root_ / ".venv" / "bin");
  std::ofstream(root_ / ".venv" / "bin" / "python3") << "";
  EXPECT_EQ(installed_python(root_), root_ / ".venv" / "bin" / "python3");
  setenv("BENCH_PYTHON", "/other/python", 1);
  EXPECT_EQ(installed_python(root_), "/other/python");
}

TEST_F(Installation, ALibraryThatIsNotThere) {
  EXPECT_EQ(installed_library("libnone.so"), "");
}

} // namespace
} // namespace bench
