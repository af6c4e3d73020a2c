#pragma once

#include <nlohmann/json.hpp>

#include <optional>

namespace bench::compare {

/// JSON's null for what is not known.
template <typename Value>
nlohmann::ordered_json or_null(const std::optional<Value>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

} // namespace bench::compare
