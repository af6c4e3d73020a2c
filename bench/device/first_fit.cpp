#include <bench/device/first_fit.h>

namespace bench::device {

std::optional<std::int64_t> FirstFit::take(std::int64_t bytes) {
  const std::int64_t size = (bytes + page_bytes_ - 1) / page_bytes_ * page_bytes_;
  std::int64_t offset = start_;
  for (const auto& [begin, length] : taken_)
    if (begin + length > offset) {
      if (offset + size <= begin)
        break;
      offset = begin + length;
    }
  if (offset + size > bytes_)
    return std::nullopt;
  taken_[offset] = size;
  return offset;
}

} // namespace bench::device
