#include <bench/base/error.h>
#include <bench/scenario/fake_catalog.h>

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace bench::scenario {

namespace {

/// A file that lives as long as this.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() / fmt::format("s-{}.yaml", ::getpid())) {
    std::ofstream(path_, std::ios::binary) << text; // without the fsync of write_file_atomically
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

} // namespace

Scenario load_text(const std::string& text, const std::vector<std::string>& overrides,
                   const Catalog& catalog) {
  const ScratchFile file(text);
  return load(file.path(), catalog, overrides);
}

std::string faults_of(const std::string& text, const std::vector<std::string>& overrides) {
  const ScratchFile file(text);
  try {
    load(file.path(), fake_catalog(), overrides);
    return "";
  } catch (const UsageError& error) {
    std::string message = error.what();
    const std::string name = file.path().string();
    for (std::size_t at = 0; (at = message.find(name, at)) != std::string::npos;)
      message.replace(at, name.size(), "s.yaml");
    return message;
  }
}

std::string small_with(const std::string& from, const std::string& to) {
  std::string text = kSmall;
  const std::size_t at = text.find(from);
  if (at == std::string::npos || text.find(from, at + 1) != std::string::npos)
    throw std::logic_error(fmt::format("'{}' must occur once in kSmall", from));
  return text.replace(at, from.size(), to);
}

} // namespace bench::scenario
