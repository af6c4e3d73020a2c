#include <bench/base/child_process.h>
#include <bench/measure/interrupt.h>
#include <bench/measure/worker.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

namespace bench::measure {
namespace {

constexpr int kPollMilliseconds = 50; // so soon a signal is passed on

std::system_error failure(const char* what) {
  return {errno, std::generic_category(), what};
}

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }
  void close() {
    if (descriptor_ >= 0)
      ::close(std::exchange(descriptor_, -1));
  }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// A child that does not outlive this object.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      kill(SIGKILL);
      wait();
    }
  }
  void kill(int signal) const { ::kill(pid_, signal); }
  int wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

pid_t spawn(const std::vector<std::string>& argv, int output) {
  std::vector<char*> words;
  for (const std::string& word : argv)
    words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0)
    throw failure("fork");
  if (pid > 0)
    return pid;
  begin_child(parent);
  dup2(output, STDOUT_FILENO);
  execv(words[0], words.data());
  _exit(127);
}

WorkerEnd end_of(int status) {
  const std::string how = how_it_ended(status);
  WorkerEnd end{.exit_code = {}, .fault = how.empty() ? "" : "the worker process " + how};
  if (WIFEXITED(status)) {
    end.exit_code = WEXITSTATUS(status);
    if (end.exit_code == 127)
      end.fault = "the worker process could not be started";
  }
  return end;
}

} // namespace

WorkerEnd run_worker(const std::vector<std::string>& argv, double patience_s,
                     const std::function<void(std::string_view)>& on_line) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    throw failure("pipe");
  const File input(ends[0]);
  File output(ends[1]);
  Child child(spawn(argv, output.get()));
  output.close();

  using Clock = std::chrono::steady_clock;
  Clock::time_point heard = Clock::now();
  bool passed_on = false;
  std::string pending;
  for (;;) {
    if (interrupted() && !std::exchange(passed_on, true))
      child.kill(SIGTERM);
    pollfd ready{.fd = input.get(), .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPollMilliseconds) <= 0) {
      if (std::chrono::duration<double>(Clock::now() - heard).count() <= patience_s)
        continue;
      child.kill(SIGKILL);
      child.wait();
      return {.exit_code = {},
              .fault =
                  fmt::format("the worker process hung: no sign of life for {:.0f} s", patience_s)};
    }
    char buffer[1 << 16];
    const ssize_t size = read(input.get(), buffer, sizeof buffer);
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      break;
    heard = Clock::now();
    pending.append(buffer, static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1)
      on_line(std::string_view(pending).substr(begin, end - begin));
    pending.erase(0, begin);
  }
  return end_of(child.wait());
}

std::filesystem::path this_executable() {
  return std::filesystem::read_symlink("/proc/self/exe");
}

int claim_standard_output() {
  const int lines = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (lines < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    throw failure("standard output");
  return lines;
}

} // namespace bench::measure
