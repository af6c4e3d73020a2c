#include <bench/base/file.h>
#include <bench/scenario/check.h>
#include <bench/scenario/document.h>
#include <bench/scenario/override.h>
#include <bench/scenario/scenario.h>

namespace bench::scenario {

Scenario load(const std::filesystem::path& file, const Catalog& catalog,
              const std::vector<std::string>& overrides) {
  std::string text = read_file(file);
  Faults faults(file.string());
  Node root = parse_file_text(text, faults);
  for (const std::string& key_value : overrides)
    apply_override(root, key_value, faults);
  check_keys(root, catalog, faults);
  check_combinations(root, catalog, faults);
  faults.throw_if_any();

  auto document = std::make_unique<Document>(read_document(root, catalog));
  document->file = file;
  document->text = std::move(text);
  return Scenario(std::move(document));
}

} // namespace bench::scenario
