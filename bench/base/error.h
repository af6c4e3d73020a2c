#pragma once

#include <bench/base/exit_code.h>

#include <stdexcept>
#include <string>

namespace bench {

/// An error a user can mend. what() is one line that names the place and the mend; code() is what
/// the process exits with.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& line) : std::runtime_error(line), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Wrong arguments, a faulty scenario or result file, a path that cannot be read or written.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& line) : Error(ExitCode::usage, line) {}
};

/// This machine, now, cannot do what was asked: no GPU, a busy GPU, too little memory or disk.
class UnavailableError : public Error {
 public:
  explicit UnavailableError(const std::string& line) : Error(ExitCode::unavailable, line) {}
};

/// A measurement that must not be used: wrong output, impossible speed, a disturbed GPU.
class InvalidError : public Error {
 public:
  explicit InvalidError(const std::string& line) : Error(ExitCode::invalid, line) {}
};

} // namespace bench
