#pragma once

#include <sys/types.h>

#include <string>

namespace bench {

/// In a child between fork and exec, where only what POSIX calls async-signal-safe may be called:
/// it ends with `parent`, and heeds signals as any program does.
void begin_child(pid_t parent);

/// Of a status that waitpid gave: "died of signal 9 (Killed)", "ended with exit code 3"; "" for one
/// that ended with 0.
std::string how_it_ended(int status);

} // namespace bench
