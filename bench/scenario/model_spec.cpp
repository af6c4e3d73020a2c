#include <bench/scenario/model_spec.h>
#include <bench/scenario/quantity.h>
#include <bench/scenario/section.h>

namespace bench::scenario {

std::optional<ModelSpec> read_model(const Node& root, const Node* profile, const Catalog& catalog) {
  const Node* const base = root.find("model");
  if (base == nullptr) {
    return std::nullopt;
  }
  const Node* const changes = child(profile, "model");
  const Section section("model", {changes, base});
  const Resolution resolution = parse_resolution(section.text("resolution")).value();

  ModelSpec spec;
  spec.name = section.text("name");
  spec.width = resolution.width;
  spec.height = resolution.height;
  spec.text_tokens = section.integer("text_tokens");
  spec.dtype = parse_dtype(section.text("dtype")).value();
  spec.weights = section.text("weights");
  spec.seed = static_cast<std::uint64_t>(section.integer("seed"));
  spec.architecture = catalog.find_model(spec.name)->architecture;
  for (const Node* numbers : {base->find("architecture"), child(changes, "architecture")}) {
    if (numbers != nullptr) {
      for (const Node::Entry& entry : numbers->entries) {
        spec.architecture[entry.key] = parse_integer(entry.value.text).value();
      }
    }
  }
  return spec;
}

} // namespace bench::scenario
