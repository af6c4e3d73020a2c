#pragma once

#include <bench/base/file.h>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>

namespace bench {

/// A folder of the running test's own, gone with it; another process of the same test has another.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "bench-test-XXXXXX";
    if (!::mkdtemp(pattern.data()))
      throw std::system_error(errno, std::generic_category(), pattern);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
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
