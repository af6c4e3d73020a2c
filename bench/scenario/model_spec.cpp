#include <bench/scenario/model_spec.h>
#include <bench/scenario/quantity.h>
#include <bench/scenario/section.h>

#include <map>
#include <string>

namespace bench::scenario {

std::optional<ModelSpec> read_model(const Node& root, const Node* loop, const Node* profile,
                                    const Catalog& catalog) {
  const Node* const base = root.find("model");
  if (base == nullptr)
    return std::nullopt;
  const Node* const changes = child(profile, "model");
  const Section section = Section::of_profile("model", changes, base);
  const Resolution resolution = parse_resolution(section.text("resolution")).value();

  ModelSpec spec;
  spec.name = section.text("name");
  spec.width = resolution.width;
  spec.height = resolution.height;
  spec.batch = section.integer("batch");
  spec.text_tokens = section.integer("text_tokens");
  spec.dtype = parse_dtype(section.text("dtype")).value();
  spec.weights = section.text("weights");
  spec.seed = static_cast<std::uint64_t>(section.integer("seed"));
  const Catalog::Model& model = *catalog.find_model(spec.name);
  if (model.edits) {
    const Node* given = section.find("conditioning");
    const Resolution picture =
        given == nullptr ? resolution : parse_resolution(given->text).value();
    spec.picture_width = picture.width;
    spec.picture_height = picture.height;
  }
  spec.architecture = model.architecture;
  std::map<std::string, const Node*> numbers;
  for (const Node* map : {base->find("architecture"), child(loop, "architecture")})
    for (const Node::Entry& entry : entries_of(map))
      numbers[entry.key] = &entry.value;
  for (const Node::Entry& entry : entries_of(child(changes, "architecture")))
    if (const Node*& number = numbers[entry.key]; !number || !is_overruled(entry.value, *number))
      number = &entry.value;
  for (const auto& [key, number] : numbers)
    spec.architecture[key] = parse_integer(number->text).value();
  return spec;
}

} // namespace bench::scenario
