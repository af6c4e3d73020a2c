#include <bench/base/error.h>
#include <bench/base/file.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace bench {

namespace fs = std::filesystem;

namespace {

std::string describe(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void throw_read_error(const fs::path& path, int error) {
  const std::string_view mend = error == EACCES   ? "check its permissions"
                                : error == EISDIR ? "name a file in it"
                                                  : "check the path";
  throw UsageError(fmt::format("cannot read '{}': {}; {}", path.string(), describe(error), mend));
}

/// An open file descriptor. close() reports what the destructor must swallow.
class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, mode_t mode = 0)
      : value_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0)
      ::close(value_);
  }
  bool is_open() const { return value_ >= 0; }
  int value() const { return value_; }
  int close() { return ::close(std::exchange(value_, -1)); }

 private:
  int value_;
};

/// A file that is gone at the end of its scope unless it was renamed into place.
class TemporaryFile {
 public:
  /// Beside `target`, because a rename is atomic only within one file system.
  explicit TemporaryFile(const fs::path& target)
      : target_(target), path_(name_beside(target)),
        file_(path_, O_WRONLY | O_CREAT | O_EXCL, 0666) {
    if (!file_.is_open())
      throw_write_error(target_, errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_)
      ::unlink(path_.c_str());
  }

  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t written = ::write(file_.value(), text.data(), text.size());
      if (written >= 0)
        text.remove_prefix(static_cast<std::size_t>(written));
      else if (errno != EINTR)
        throw_write_error(target_, errno);
    }
  }

  void replace_target() {
    // NFS and quotas may report a full disk only here.
    if (::fsync(file_.value()) != 0 || file_.close() != 0 ||
        ::rename(path_.c_str(), target_.c_str()) != 0) {
      throw_write_error(target_, errno);
    }
    renamed_ = true;
  }

 private:
  static fs::path name_beside(const fs::path& target) {
    static std::atomic<unsigned> count = 0;
    // The time tells it from one that a killed process with the same id left behind.
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    return target.parent_path() / fmt::format(".{}.{}-{}-{}{:09}.tmp", target.filename().string(),
                                              ::getpid(), count++, now.tv_sec, now.tv_nsec);
  }

  fs::path target_;
  fs::path path_;
  Descriptor file_;
  bool renamed_ = false;
};

/// The regular file that writing to `path` replaces, its folder made.
fs::path prepare_target(const fs::path& path) {
  std::error_code error;
  if (path.filename().empty())
    throw_write_error(path, EISDIR);
  if (fs::exists(path, error)) {
    if (!fs::is_regular_file(path, error)) {
      throw UsageError(
          fmt::format("cannot write '{}': it is no regular file; name another", path.string()));
    }
    return fs::canonical(path);
  }
  const fs::path target = fs::absolute(path);
  fs::create_directories(target.parent_path(), error);
  if (error)
    throw_write_error(path, error.value());
  return target;
}

/// Makes the rename itself survive a power cut.
void sync_folder(const fs::path& folder) {
  const Descriptor descriptor(folder, O_RDONLY | O_DIRECTORY);
  if (!descriptor.is_open())
    return; // a folder that can be written but not read: the file is in place all the same
  // EINVAL: a file system that knows no fsync of folders.
  if (::fsync(descriptor.value()) != 0 && errno != EINVAL)
    throw_write_error(folder, errno);
}

} // namespace

void throw_write_error(const fs::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    throw UnavailableError(
        fmt::format("cannot write '{}': {}; free some space or name another place", path.string(),
                    describe(error)));
  }
  const fs::path folder = fs::absolute(path).parent_path();
  throw UsageError(fmt::format("cannot write '{}': {}; check the folder '{}' or name another place",
                               path.string(), describe(error), folder.string()));
}

std::string read_file(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  struct stat status {};
  if (!file.is_open() || ::fstat(file.value(), &status) != 0)
    throw_read_error(path, errno);
  if (S_ISDIR(status.st_mode))
    throw_read_error(path, EISDIR);
  std::string text;
  // Read to the end, not to st_size: pipes and /proc have none.
  char buffer[1 << 16];
  for (;;) {
    const ssize_t count = ::read(file.value(), buffer, sizeof buffer);
    if (count > 0)
      text.append(buffer, static_cast<std::size_t>(count));
    else if (count == 0)
      return text;
    else if (errno != EINTR)
      throw_read_error(path, errno);
  }
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  const fs::path target = prepare_target(path);
  TemporaryFile file(target);
  file.write(text);
  file.replace_target();
  sync_folder(target.parent_path());
}

void check_writable(const fs::path& path) {
  TemporaryFile probe(prepare_target(path));
}

} // namespace bench
