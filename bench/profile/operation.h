#pragma once

/// Which part of a model launches a kernel: said by the code that launches it, read by what
/// profiles it. Both classes also are NVTX ranges, so that nsys and ncu show the same names; where
/// no tool listens, one costs a few nanoseconds.
namespace bench::profile {

/// A range in the timelines of tools, and nothing else: a step. `name` must outlive it.
class Range {
 public:
  explicit Range(const char* name);
  ~Range();
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;
};

/// While one lives, what its thread launches, or captures into a CUDA graph, belongs to the
/// operation `name`. Of nested ones the outermost counts: the product inside of a modulation is
/// modulation. `name` must outlive it.
class Operation {
 public:
  explicit Operation(const char* name) : range_(name), is_outermost_(!current_) {
    if (is_outermost_)
      current_ = name;
  }
  ~Operation() {
    if (is_outermost_)
      current_ = nullptr;
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// That of the calling thread; nullptr outside of all.
  static const char* current() { return current_; }

 private:
  static inline thread_local constinit const char* current_ = nullptr;

  Range range_;
  bool is_outermost_;
};

} // namespace bench::profile
