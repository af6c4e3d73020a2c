#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The one table of every key of a scenario file. Checking, defaults and the reference in
/// scenarios/README.md all come from it.
namespace bench::scenario {

enum class Type {
  map,
  name,       ///< an id of the file's own: letters, digits, '-', '_'
  choice,     ///< one of `choices`
  model,      ///< a model of the catalog
  engines,    ///< a list of engines of the catalog
  paths,      ///< a list of paths of the kernel family that the key names
  loops,      ///< a list of loops of this file
  families,   ///< a list of kernel families of this file
  workers,    ///< a list of workers of this file
  words,      ///< a list of texts, a program and its arguments
  shapes,     ///< `model`, or a list of kernel shapes
  integer,    ///< in `range`
  number,     ///< in `range`
  fraction,   ///< in `range`; a percentage or a plain number
  duration,   ///< in `range`, seconds; with its unit
  resolution, ///< WIDTHxHEIGHT, both in `range` and multiples of 16
  weights,    ///< `random`, `signs`, or a file or folder
};

struct Range {
  double least = 0;
  double most = 0;
  bool excludes_least = false;

  bool contains(double value) const {
    return (excludes_least ? value > least : value >= least) && value <= most;
  }
};

struct SchemaKey {
  /// Dotted; `<loop>`, `<worker>`, `<profile>` stand for ids that the file gives, `<family>`,
  /// `<key>` for names of the catalog.
  std::string_view path;
  Type type = Type::map;
  std::string_view fallback; ///< YAML; or kRequired; or, for "no value", words in parentheses
  std::string_view meaning;
  std::string_view example; ///< YAML
  Range range = {};
  std::string_view choices = {}; ///< "bf16, fp16, fp32"

  std::string_view last() const { return path.substr(path.rfind('.') + 1); }
  bool is_placeholder() const { return last().starts_with('<'); }
  bool is_required() const;
};

inline constexpr std::string_view kRequired = "required";
inline constexpr std::int64_t kResolutionMultiple = 16;

std::span<const SchemaKey> schema();

/// The key with this path. Asking for one that is not there is a bug.
const SchemaKey& schema_key(std::string_view path);

/// The keys one level below `path` ("": the top level), in the table's order.
std::vector<const SchemaKey*> schema_children(std::string_view path);

/// Of `children`, the one for `name`: by its name or else as a placeholder; null when none.
const SchemaKey* match_child(const std::vector<const SchemaKey*>& children, std::string_view name);

/// "an integer", to follow "must be".
std::string_view noun(Type type);

/// "1 to 1000", "bf16, fp16, fp32"; "" for a key that needs no words.
std::string allowed_values(const SchemaKey& key);

/// The reference: a Markdown table of every key.
std::string schema_markdown();

} // namespace bench::scenario
