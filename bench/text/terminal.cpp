#include <bench/text/terminal.h>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace bench::text {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

} // namespace

Terminal inspect_terminal(std::FILE* stream) {
  Terminal terminal;
  const int descriptor = ::fileno(stream);
  const std::string_view kind = environment("TERM");
  terminal.interactive = ::isatty(descriptor) == 1 && !kind.empty() && kind != "dumb";
  terminal.styled = terminal.interactive && environment("NO_COLOR").empty();
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.width = size.ws_col;
  return terminal;
}

std::string Style::bold(std::string_view text) const {
  return mark(1, text);
}
std::string Style::dim(std::string_view text) const {
  return mark(2, text);
}
std::string Style::red(std::string_view text) const {
  return mark(31, text);
}
std::string Style::green(std::string_view text) const {
  return mark(32, text);
}
std::string Style::yellow(std::string_view text) const {
  return mark(33, text);
}

std::string Style::mark(int code, std::string_view text) const {
  return enabled_ && !text.empty() ? fmt::format("\x1b[{}m{}\x1b[0m", code, text)
                                   : std::string(text);
}

} // namespace bench::text
