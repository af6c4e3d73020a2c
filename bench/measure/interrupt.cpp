#include <bench/measure/interrupt.h>

#include <csignal>

namespace bench::measure {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void on_signal(int signal) {
  g_interrupted = 1;
  std::signal(signal, SIG_DFL); // the second one is not caught
}

} // namespace

void catch_interrupts() {
  g_interrupted = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return g_interrupted != 0;
}

} // namespace bench::measure
