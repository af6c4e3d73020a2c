#pragma once

#include <cstdint>
#include <map>
#include <optional>

namespace bench::device {

/// Which pieces of a block of memory are taken. Deals in offsets, in bytes; touches no memory.
class FirstFit {
 public:
  /// Pieces are whole pages.
  FirstFit(std::int64_t bytes, std::int64_t page_bytes) : bytes_(bytes), page_bytes_(page_bytes) {}

  /// No further piece lies before `offset`.
  void start_at(std::int64_t offset) { start_ = offset; }

  /// The first gap that is large enough; none where there is no such gap.
  std::optional<std::int64_t> take(std::int64_t bytes);

  /// False where no piece begins there.
  bool give_back(std::int64_t offset) { return taken_.erase(offset) > 0; }

 private:
  std::int64_t bytes_, page_bytes_;
  std::int64_t start_ = 0;
  std::map<std::int64_t, std::int64_t> taken_; ///< offset -> bytes
};

} // namespace bench::device
