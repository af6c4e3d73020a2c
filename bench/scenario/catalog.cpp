#include <bench/scenario/catalog.h>
#include <bench/scenario/scenario.h>

#include <algorithm>

namespace bench::scenario {

namespace {

template <typename T>
const T* find_by_name(const std::vector<T>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &T::name);
  return found == all.end() ? nullptr : &*found;
}

} // namespace

const Catalog::Model* Catalog::find_model(std::string_view name) const {
  return find_by_name(models, name);
}

const Catalog::KernelFamily* Catalog::find_family(std::string_view name) const {
  return find_by_name(families, name);
}

} // namespace bench::scenario
