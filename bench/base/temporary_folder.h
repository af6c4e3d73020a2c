#pragma once

#include <bench/base/file.h>

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace bench {

/// A folder of the running test's own, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(testing::TempDir()) /
            (std::string(test->test_suite_name()) + "." + test->name());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  /// What `print` wrote to the stream it was given.
  std::string printed(const std::function<void(std::FILE*)>& print) const {
    const std::filesystem::path file = path_ / "printed.txt";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file.c_str(), "w"),
                                                              std::fclose);
    print(out.get());
    std::fflush(out.get());
    return read_file(file);
  }

 private:
  std::filesystem::path path_;
};

} // namespace bench
