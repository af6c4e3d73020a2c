#include <bench/base/file.h>
#include <bench/results/result.h>

namespace bench::results {

Result read(const std::filesystem::path& path) {
  return from_json(read_file(path), path.string());
}

void write(const Result& result, const std::filesystem::path& path) {
  write_file_atomically(path, to_text(result));
}

} // namespace bench::results
