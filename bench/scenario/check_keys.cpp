#include <bench/base/nearest.h>
#include <bench/scenario/check.h>
#include <bench/scenario/quantity.h>
#include <bench/scenario/scenario.h>
#include <bench/scenario/schema.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace bench::scenario {

namespace {

constexpr std::size_t kLongestName = 64;
constexpr std::int64_t kMostRows = std::int64_t{1} << 24;
constexpr std::int64_t kMostWidth = std::int64_t{1} << 20;

/// Names become parts of case ids and of dotted keys, so they hold neither '/' nor '.'.
bool is_name(std::string_view text) {
  const auto is_alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kLongestName && is_alphanumeric(text.front()) &&
         std::ranges::all_of(text,
                             [&](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

std::string shown(const Node& node) {
  switch (node.kind) {
  case Node::Kind::nothing:
    return "nothing";
  case Node::Kind::scalar:
    return node.quoted ? fmt::format("the text '{}'", node.text) : fmt::format("'{}'", node.text);
  case Node::Kind::list:
    return "a list";
  case Node::Kind::map:
    return "a map";
  }
  return {};
}

template <typename T>
std::vector<std::string> names_of(const std::vector<T>& all) {
  std::vector<std::string> names;
  for (const T& one : all)
    names.push_back(one.name);
  return names;
}

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> words;
  while (!choices.empty()) {
    const std::size_t comma = std::min(choices.find(", "), choices.size());
    words.emplace_back(choices.substr(0, comma));
    choices.remove_prefix(std::min(comma + 2, choices.size()));
  }
  return words;
}

class KeyCheck {
 public:
  KeyCheck(const Node& root, const Catalog& catalog, Faults& faults)
      : root_(root), catalog_(catalog), faults_(faults) {}

  /// `pattern` is the path in the schema, `path` the same with the file's names in it.
  void check_map(const Node& map, const std::string& pattern, const std::string& path,
                 const Place& place) {
    const std::vector<const SchemaKey*> children = schema_children(pattern);
    for (const Node::Entry& entry : map.entries) {
      const SchemaKey* key = match_child(children, entry.key);
      if (key == nullptr) {
        faults_.add(entry.place, unknown_key(entry.key, path, children));
      } else if (!key->is_placeholder() || check_placeholder(*key, entry)) {
        const std::string entry_path =
            path.empty() ? entry.key : fmt::format("{}.{}", path, entry.key);
        check_value(entry, *key, entry_path);
      }
    }
    for (const SchemaKey* key : children) {
      if (key->is_required() && map.find(key->last()) == nullptr) {
        faults_.add(place, fmt::format("{} lacks '{}', {}, such as {}: {}",
                                       path.empty() ? "the file" : path, key->last(),
                                       noun(key->type), key->last(), key->example));
      }
    }
  }

 private:
  static std::string unknown_key(const std::string& name, const std::string& path,
                                 const std::vector<const SchemaKey*>& children) {
    std::vector<std::string> known;
    for (const SchemaKey* child : children)
      known.emplace_back(child->last());
    const std::string where = path.empty() ? "" : fmt::format(" in {}", path);
    return fmt::format("unknown key '{}'{}{}", name, where, hint(name, known));
  }

  /// False when the name is at fault, so that what lies below is not checked against it.
  bool check_placeholder(const SchemaKey& key, const Node::Entry& entry) {
    if (key.last() == "<family>") {
      family_ = catalog_.find_family(entry.key);
      return check_known("kernel family", entry.key, entry.place, names_of(catalog_.families));
    }
    if (key.last() == "<key>")
      return check_architecture_key(entry);
    if (!is_name(entry.key)) {
      faults_.add(entry.place,
                  fmt::format("'{}' is no name: letters, digits, '-' and '_', at most {} of them",
                              entry.key, kLongestName));
      return false;
    }
    return true;
  }

  bool check_architecture_key(const Node::Entry& entry) {
    const Node* spec = root_.find("model");
    const Node* name = spec == nullptr ? nullptr : spec->find("name");
    const Catalog::Model* model = name == nullptr ? nullptr : catalog_.find_model(name->text);
    if (model == nullptr)
      return true; // that the model is unknown or absent is said elsewhere
    std::vector<std::string> known;
    for (const auto& [key, value] : model->architecture)
      known.push_back(key);
    return check_known(fmt::format("architecture key of {}:", model->name), entry.key, entry.place,
                       known);
  }

  bool check_known(std::string_view what, const std::string& name, const Place& place,
                   const std::vector<std::string>& known) {
    if (std::ranges::find(known, name) != known.end())
      return true;
    faults_.add(place, fmt::format("unknown {} '{}'{}", what, name, hint(name, known)));
    return false;
  }

  void check_value(const Node::Entry& entry, const SchemaKey& key, const std::string& path) {
    const Node& value = entry.value;
    switch (key.type) {
    case Type::map:
      if (value.is_map())
        check_map(value, std::string(key.path), path, entry.place);
      else
        wrong_type(value, key, path);
      return;
    case Type::engines:
      return check_names(value, key, path, "engine", catalog_.engines);
    case Type::paths:
      if (key.last() != "kernel_paths")
        return check_names(value, key, path, fmt::format("path of {}:", family_->name),
                           family_->paths);
      return check_names(value, key, path, "path", all_paths());
    case Type::loops:
      return check_names(value, key, path, "loop", keys_of(root_.find("loops")));
    case Type::families:
      return check_names(value, key, path,
                         "kernel family of this file:", keys_of(root_.find("kernels")));
    case Type::workers:
      return check_names(value, key, path, "worker", keys_of(root_.find("workers")));
    case Type::words:
      return check_words(value, key, path);
    case Type::shapes:
      return check_shapes(value, key, path);
    default:
      return check_scalar(value, key, path);
    }
  }

  std::vector<std::string> all_paths() const {
    std::set<std::string> all;
    for (const Catalog::KernelFamily& family : catalog_.families)
      all.insert(family.paths.begin(), family.paths.end());
    return {all.begin(), all.end()};
  }

  void wrong_type(const Node& value, const SchemaKey& key, std::string_view path) {
    faults_.add(value.place, fmt::format("{} must be {}, such as {}; got {}", path, noun(key.type),
                                         key.example, shown(value)));
  }

  void check_names(const Node& list, const SchemaKey& key, const std::string& path,
                   std::string_view what, const std::vector<std::string>& known) {
    if (!check_list(list, key, path))
      return;
    for (const Node& item : list.items)
      check_known(what, item.text, item.place, known);
  }

  void check_shapes(const Node& value, const SchemaKey& key, const std::string& path) {
    if (value.is_scalar() && value.text == "model")
      return;
    if (!check_list(value, key, path))
      return;
    for (const Node& item : value.items) {
      const auto shape = parse_kernel_shape(item.text);
      if (!shape) {
        faults_.add(
            item.place,
            fmt::format(
                "'{}' is no shape; write ROWSxWIDTH.DTYPE or ROWSxHEADSxWIDTH.DTYPE, such as "
                "4128x3840.bf16",
                item.text));
      } else if (shape->rows * shape->heads > kMostRows || shape->width > kMostWidth) {
        faults_.add(item.place, fmt::format("{}: at most {} rows of {} elements", item.text,
                                            kMostRows, kMostWidth));
      }
    }
  }

  /// A list of scalars that are not empty.
  void check_words(const Node& list, const SchemaKey& key, const std::string& path) {
    const auto is_word = [](const Node& item) { return item.is_scalar() && !item.text.empty(); };
    if (!list.is_list() || list.items.empty() || !std::ranges::all_of(list.items, is_word))
      wrong_type(list, key, path);
  }

  /// A list of scalars, each once.
  bool check_list(const Node& list, const SchemaKey& key, const std::string& path) {
    if (!list.is_list()) {
      wrong_type(list, key, path);
      return false;
    }
    const bool may_be_empty =
        key.type == Type::loops || key.type == Type::families || key.type == Type::workers;
    if (list.items.empty() && !may_be_empty) {
      faults_.add(list.place,
                  fmt::format("{} is empty; name at least one, such as {}", path, key.example));
    }
    bool sound = true;
    std::set<std::string> seen;
    for (const Node& item : list.items) {
      if (!item.is_scalar()) {
        wrong_type(item, key, path + "[]");
        sound = false;
      } else if (!seen.insert(item.text).second) {
        faults_.add(item.place, fmt::format("{} has '{}' twice; keep one", path, item.text));
      }
    }
    return sound;
  }

  void check_scalar(const Node& value, const SchemaKey& key, const std::string& path) {
    const bool numeric = key.type == Type::integer || key.type == Type::number;
    if (!value.is_scalar() || (numeric && value.quoted))
      return wrong_type(value, key, path);
    switch (key.type) {
    case Type::name:
      if (!is_name(value.text))
        wrong_type(value, key, path);
      return;
    case Type::choice:
      check_known(fmt::format("{}", key.last()), value.text, value.place,
                  split_choices(key.choices));
      return;
    case Type::model:
      check_known("model", value.text, value.place, names_of(catalog_.models));
      return;
    case Type::integer:
      return check_range(value, key, path, parse_integer(value.text));
    case Type::number:
      return check_range(value, key, path, parse_number(value.text));
    case Type::fraction:
      return check_range(value, key, path, parse_fraction(value.text));
    case Type::duration:
      return check_range(value, key, path, parse_duration(value.text));
    case Type::resolution:
      return check_resolution(value, key, path);
    case Type::weights:
      if (value.text.empty())
        wrong_type(value, key, path);
      return;
    default:
      return;
    }
  }

  template <typename Number>
  void check_range(const Node& value, const SchemaKey& key, std::string_view path,
                   std::optional<Number> number) {
    if (!number)
      wrong_type(value, key, path);
    else if (!key.range.contains(static_cast<double>(*number)))
      out_of_range(value, key, path);
  }

  void check_resolution(const Node& value, const SchemaKey& key, std::string_view path) {
    const auto resolution = parse_resolution(value.text);
    if (!resolution)
      return wrong_type(value, key, path);
    for (const std::int64_t pixels : {resolution->width, resolution->height})
      if (!key.range.contains(static_cast<double>(pixels)) || pixels % kResolutionMultiple != 0)
        return out_of_range(value, key, path);
  }

  void out_of_range(const Node& value, const SchemaKey& key, std::string_view path) {
    faults_.add(value.place,
                fmt::format("{} must be {}; got '{}'", path, allowed_values(key), value.text));
  }

  const Node& root_;
  const Catalog& catalog_;
  Faults& faults_;
  /// The family that the key being checked lies under.
  const Catalog::KernelFamily* family_ = nullptr;
};

} // namespace

void check_keys(const Node& root, const Catalog& catalog, Faults& faults) {
  KeyCheck(root, catalog, faults).check_map(root, "", "", root.place);
}

bool is_sound(const Node& map, const std::string& pattern, const Node& root,
              const Catalog& catalog) {
  Faults faults("");
  KeyCheck(root, catalog, faults).check_map(map, pattern, pattern, map.place);
  return map.is_map() && faults.empty();
}

} // namespace bench::scenario
