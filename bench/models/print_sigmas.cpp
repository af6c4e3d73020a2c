// print_sigmas MODEL WIDTHxHEIGHT STEPS
//
// The published schedule of a model, a noise level a line. For the comparison with diffusers in
// schedules_test.py.

#include <bench/models/registry.h>
#include <bench/models/weights.h>

#include <fmt/format.h>

#include <algorithm>
#include <string>

int main(int argc, char** argv) {
  using namespace bench;
  if (argc != 4) {
    fmt::print(stderr, "usage: print_sigmas MODEL WIDTHxHEIGHT STEPS\n");
    return 2;
  }
  const std::string name = argv[1], size = argv[2];
  const auto& all = models::families();
  const auto family =
      std::ranges::find(all, name, [](const models::Family& f) { return f.catalog.name; });
  if (family == all.end()) {
    fmt::print(stderr, "print_sigmas: no model '{}'\n", name);
    return 2;
  }
  scenario::ModelSpec spec;
  spec.name = name;
  spec.architecture = family->catalog.architecture;
  spec.width = std::stoll(size);
  spec.height = std::stoll(size.substr(size.find('x') + 1));
  if (family->catalog.edits)
    spec.picture_width = spec.picture_height = 64;
  const auto weights = models::make_random_weights(c10::kMeta, c10::kFloat, 0);
  for (const float sigma : family->build(spec, *weights)->sigmas(std::stoi(argv[3]), 0))
    fmt::print("{:.9g}\n", sigma);
}
