#include <bench/base/error.h>
#include <bench/base/utc.h>
#include <bench/machine/gpu_lock.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace bench::machine {
namespace {

std::filesystem::path lock_file(const std::filesystem::path& folder, std::string_view uuid) {
  std::string name(uuid);
  std::replace(name.begin(), name.end(), '/', '_'); // older MIG UUIDs hold slashes
  return folder / (name + ".lock");
}

UnavailableError cannot_lock(const std::filesystem::path& path, int error) {
  return UnavailableError(fmt::format("{}: cannot lock the GPU there ({}); set BENCH_LOCK_DIR to a "
                                      "folder that all users of this machine can write",
                                      path.string(), std::strerror(error)));
}

void make_folder(const std::filesystem::path& folder) {
  if (mkdir(folder.c_str(), 01777) == 0)
    chmod(folder.c_str(), 01777); // what the umask took away, so that the next user can lock too
  else if (errno != EEXIST)
    throw cannot_lock(folder, errno);
}

int open_or_make(const std::filesystem::path& path) {
  for (;;) {
    // First without O_CREAT: in a sticky folder the kernel refuses O_CREAT on another user's file
    // (fs.protected_regular), though the file is there and writable.
    int file = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 && errno == ENOENT) {
      file = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, 0600);
      if (file >= 0)
        fchmod(file, 0666);
      else if (errno == EEXIST)
        continue; // another process made it in between
    }
    if (file < 0)
      throw cannot_lock(path, errno);
    return file;
  }
}

/// Whether the lock was taken; a reader of holder() has it for an instant, which is no reason to
/// give up.
bool take(int file) {
  constexpr int kAttempts = 5;
  for (int attempt = 1; flock(file, LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (attempt == kAttempts)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

/// This process's command line on one line, without the folder of the program.
std::string command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line(std::istreambuf_iterator<char>(file), {});
  while (!line.empty() && line.back() == '\0')
    line.pop_back();
  const std::size_t program_end = std::min(line.find('\0'), line.size());
  line.erase(0, line.rfind('/', program_end) + 1);
  const auto splits = [](char c) { return c == '\0' || c == '\n'; };
  std::replace_if(line.begin(), line.end(), splits, ' ');
  return line;
}

LockHolder parse(std::istream& content) {
  LockHolder holder;
  std::string pid;
  std::getline(content, pid);
  std::getline(content, holder.since);
  std::getline(content, holder.command);
  std::from_chars(pid.data(), pid.data() + pid.size(), holder.pid);
  return holder;
}

} // namespace

std::string to_string(const LockHolder& holder) {
  if (holder.pid == 0)
    return "its lock file does not say which";
  return fmt::format("pid {} since {}, `{}`", holder.pid, holder.since, holder.command);
}

GpuLock::GpuLock(std::string_view uuid, const std::filesystem::path& folder) {
  make_folder(folder);
  const std::filesystem::path path = lock_file(folder, uuid);
  file_ = open_or_make(path);
  if (!take(file_)) {
    close(file_);
    std::ifstream content(path);
    throw UnavailableError(fmt::format("{}: another bench runs on it ({}); wait for it or choose "
                                       "another GPU with CUDA_VISIBLE_DEVICES",
                                       uuid, to_string(parse(content))));
  }
  const std::string content = fmt::format("{}\n{}\n{}\n", getpid(), utc_now(), command());
  // On a full disk nobody reads who holds the lock; it holds all the same.
  static_cast<void>(ftruncate(file_, 0) == 0 &&
                    pwrite(file_, content.data(), content.size(), 0) >= 0);
}

GpuLock::~GpuLock() {
  if (file_ >= 0)
    close(file_);
}

GpuLock::GpuLock(GpuLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

std::filesystem::path GpuLock::lock_folder() {
  const char* folder = std::getenv("BENCH_LOCK_DIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp/bench-locks";
}

std::optional<LockHolder> GpuLock::holder(std::string_view uuid,
                                          const std::filesystem::path& folder) {
  const std::filesystem::path path = lock_file(folder, uuid);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0)
    return std::nullopt; // nobody ever locked it
  const bool held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(file);
  if (!held)
    return std::nullopt;
  std::ifstream content(path);
  return parse(content);
}

} // namespace bench::machine
