#include <bench/base/child_process.h>
#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/base/stopwatch.h>
#include <bench/measure/interrupt.h>
#include <bench/workers/process.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace bench::workers {
namespace {

constexpr int kPollMilliseconds = 50; // so soon a signal is heeded
constexpr double kGrace = 2;          // seconds between the end of its output and its own
constexpr std::size_t kLastWords = 300;
constexpr std::size_t kTail = 8192; // of the standard error that is looked at

std::system_error failure(const char* what) {
  return {errno, std::generic_category(), what};
}

void close(int& descriptor) {
  if (descriptor >= 0)
    ::close(std::exchange(descriptor, -1));
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& additional) {
  std::vector<std::string> all;
  for (char** one = environ; *one; ++one) {
    const std::string_view text = *one;
    if (!additional.contains(std::string(text.substr(0, text.find('=')))))
      all.emplace_back(text);
  }
  for (const auto& [name, value] : additional)
    all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const std::string& word : words)
    all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

int open_errors() {
  const char* const log = std::getenv("BENCH_WORKER_LOG");
  const int file = log && *log ? open(log, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644)
                               : memfd_create("worker-stderr", MFD_CLOEXEC);
  if (file < 0 && log && *log)
    throw_write_error(log, errno);
  if (file < 0 || fcntl(file, F_SETFL, O_APPEND) != 0)
    throw failure("standard error of a worker");
  return file;
}

off_t size_of(int file) {
  struct stat about {};
  fstat(file, &about);
  return about.st_size;
}

void stop_if_interrupted() {
  if (measure::interrupted())
    throw measure::Interrupted{};
}

} // namespace

Process::Process(const std::vector<std::string>& argv,
                 const std::map<std::string, std::string>& environment) {
  int input[2], output[2], report[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, input) != 0)
    throw failure("socket");
  if (pipe2(output, O_CLOEXEC) != 0 || pipe2(report, O_CLOEXEC) != 0)
    throw failure("pipe");
  input_ = input[0];
  output_ = output[0];
  errors_ = open_errors();
  errors_begin_ = size_of(errors_);
  const std::vector<std::string> variables = merged_environment(environment);
  const std::vector<char*> words = pointers(argv), env = pointers(variables);
  const int parent = getpid();
  pid_ = fork();
  if (pid_ < 0)
    throw failure("fork");
  if (pid_ == 0) {
    begin_child(parent);
    setpgid(0, 0); // Ctrl-C is ours to pass on, and what it starts can be ended with it
    dup2(input[1], STDIN_FILENO);
    dup2(output[1], STDOUT_FILENO);
    dup2(errors_, STDERR_FILENO);
    execvpe(words[0], words.data(), env.data()); // glibc's is async-signal-safe
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(report[1], &error, sizeof error);
    _exit(127);
  }
  setpgid(pid_, pid_); // whoever comes first
  ::close(input[1]);
  ::close(output[1]);
  ::close(report[1]);
  int error = 0;
  const ssize_t size = ::read(report[0], &error, sizeof error); // none: exec closed it
  ::close(report[0]);
  if (size == sizeof error) {
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
    close(input_);
    close(output_);
    close(errors_);
    throw UnavailableError(fmt::format("cannot start '{}': {}", argv[0], std::strerror(error)));
  }
}

Process::~Process() {
  if (pid_ > 0) {
    ::kill(-pid_, SIGKILL); // the group: Inductor's compile workers too
    ::kill(pid_, SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(input_);
  close(output_);
  close(errors_);
}

void Process::write(std::string_view line, double patience_s) {
  const std::string text = std::string(line) + '\n';
  const Stopwatch watch;
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t size = send(input_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(size));
      continue;
    }
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return; // it has ended; its output says why
    stop_if_interrupted();
    if (watch.seconds() > patience_s)
      throw InvalidError(fmt::format("hung: it takes no orders for {:.0f} s", patience_s));
    pollfd ready{.fd = input_, .events = POLLOUT, .revents = 0};
    poll(&ready, 1, kPollMilliseconds);
  }
}

bool Process::take_line(std::string& line) {
  const std::size_t end = pending_.find('\n');
  if (end == std::string::npos)
    return false;
  line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return true;
}

std::string Process::read(double patience_s, const std::function<void(double)>& while_waiting) {
  const Stopwatch watch;
  std::string line;
  for (int rounds = 0; !take_line(line);) {
    stop_if_interrupted();
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    if (poll(&ready, 1, kPollMilliseconds) <= 0) {
      const double waited_s = watch.seconds();
      if (waited_s > patience_s) {
        const std::string words = last_words();
        throw InvalidError(fmt::format("hung: no word from it for {:.0f} s{}{}", patience_s,
                                       words.empty() ? "" : ", its last: ", words));
      }
      if (++rounds % 5 == 0 && while_waiting)
        while_waiting(waited_s);
      continue;
    }
    char buffer[1 << 16];
    const ssize_t size = ::read(output_, buffer, sizeof buffer);
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      ended();
    pending_.append(buffer, static_cast<std::size_t>(size));
  }
  return line;
}

void Process::ended() {
  int status = 0;
  const Stopwatch watch;
  while (waitpid(pid_, &status, WNOHANG) == 0) {
    usleep(1000);
    if (watch.seconds() > kGrace) // it closed its output and lives on
      ::kill(-pid_, SIGKILL);
  }
  ::kill(-pid_, SIGKILL); // what it started
  pid_ = -1;
  const std::string how = how_it_ended(status), words = last_words();
  const std::string line =
      (how.empty() ? "ended by itself" : how) + (words.empty() ? "" : ": " + words);
  if (words.starts_with("ModuleNotFoundError") || words.starts_with("ImportError"))
    throw UnavailableError(line);
  throw InvalidError(line);
}

std::string Process::last_words() const {
  const off_t end_of_file = size_of(errors_);
  std::string tail(std::min(kTail, static_cast<std::size_t>(end_of_file - errors_begin_)), '\0');
  const ssize_t got =
      pread(errors_, tail.data(), tail.size(), end_of_file - static_cast<off_t>(tail.size()));
  tail.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  std::ranges::replace(tail, '\r', '\n'); // progress bars
  const std::size_t end = tail.find_last_not_of(" \n\t");
  if (end == std::string::npos)
    return {};
  tail.resize(end + 1);
  tail = tail.substr(tail.rfind('\n') + 1);
  tail.erase(0, tail.find_first_not_of(" \t"));
  if (tail.size() > kLastWords)
    tail = tail.substr(0, kLastWords) + " ...";
  return tail;
}

} // namespace bench::workers
