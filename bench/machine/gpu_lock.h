#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bench::machine {

/// Who holds a GPU, as the lock's file says; a field that could not be read is 0 or "".
struct LockHolder {
  int pid = 0;
  std::string since;   ///< UTC, ISO 8601
  std::string command; ///< "bench run scenarios/zimage.yaml"
};

/// "pid 4711 since 2026-01-31T12:00:00Z, `bench run scenarios/zimage.yaml`"
std::string to_string(const LockHolder& holder);

/// Keeps other benches off a GPU while it lives. The kernel frees it when the process ends, however
/// it ends. A lock of flock(2) on a file that is never removed: what decides is the lock, not the
/// file's presence or content.
class GpuLock {
 public:
  /// Throws UnavailableError that names the holder when another process holds it, and one that
  /// names the folder when no lock file can be made there.
  explicit GpuLock(std::string_view uuid, const std::filesystem::path& folder = lock_folder());
  ~GpuLock();
  GpuLock(GpuLock&& other) noexcept;
  GpuLock& operator=(GpuLock&&) = delete;

  /// $BENCH_LOCK_DIR, else /tmp/bench-locks: one folder for all users of the machine.
  static std::filesystem::path lock_folder();
  /// Who holds the lock now; absent when nobody does.
  static std::optional<LockHolder> holder(std::string_view uuid,
                                          const std::filesystem::path& folder = lock_folder());

 private:
  int file_;
};

} // namespace bench::machine
