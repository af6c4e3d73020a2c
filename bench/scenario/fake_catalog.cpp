#include <bench/base/error.h>
#include <bench/base/temporary_folder.h>
#include <bench/scenario/fake_catalog.h>

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace bench::scenario {

namespace {

std::filesystem::path written(const std::string& text, const TemporaryFolder& folder) {
  const std::filesystem::path file = folder / "s.yaml";
  std::ofstream(file, std::ios::binary) << text; // without the fsync of write_file_atomically
  return file;
}

} // namespace

Scenario load_text(const std::string& text, const std::vector<std::string>& overrides,
                   const Catalog& catalog) {
  const TemporaryFolder folder;
  return load(written(text, folder), catalog, overrides);
}

std::string faults_of(const std::string& text, const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  const std::filesystem::path file = written(text, folder);
  try {
    load(file, fake_catalog(), overrides);
    return "";
  } catch (const UsageError& error) {
    std::string message = error.what();
    const std::string name = file.string();
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
