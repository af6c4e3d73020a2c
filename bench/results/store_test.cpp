#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/temporary_folder.h>
#include <bench/results/sample_result.h>

#include <gtest/gtest.h>

namespace bench::results {
namespace {

class Store : public testing::Test {
 protected:
  const TemporaryFolder folder_;
};

TEST_F(Store, ReadsWhatItWrote) {
  const auto path = folder_ / "new" / "zimage.json";
  write(sample_result(), path);
  EXPECT_EQ(read_file(path), to_text(sample_result()));
  EXPECT_EQ(to_text(read(path)), to_text(sample_result()));
}

TEST_F(Store, NamesTheFaultyFile) {
  const auto path = folder_ / "zimage.json";
  write_file_atomically(path, "{\"schema_version\": 1}");
  try {
    read(path);
    FAIL() << "was read";
  } catch (const UsageError& error) {
    EXPECT_EQ(error.what(), path.string() + ": /tool: missing");
  }
}

TEST_F(Store, KeepsTheOldFileWhenTheNewOneCannotBeWritten) {
  const auto path = folder_ / "zimage.json";
  write(sample_result(), path);
  Result faulty = sample_result();
  faulty.cases[0].replicates[0].samples.t_s.clear();
  EXPECT_THROW(write(faulty, path), std::invalid_argument);
  EXPECT_EQ(read_file(path), to_text(sample_result()));
}

} // namespace
} // namespace bench::results
