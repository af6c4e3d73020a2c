#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/models/safetensors.h>

#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <set>

namespace bench::models {
namespace {

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
  throw UsageError(fmt::format("{}: {}", path.string(), why));
}

c10::ScalarType scalar_type(const std::filesystem::path& path, const std::string& name) {
  if (name == "BF16")
    return at::kBFloat16;
  if (name == "F16")
    return at::kHalf;
  if (name == "F32")
    return at::kFloat;
  if (name == "I64")
    return at::kLong;
  refuse(path, fmt::format("holds a tensor of type {}; this reads BF16, F16, F32 and I64", name));
}

} // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0) {
    if (fd >= 0)
      close(fd);
    refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  }
  size_ = static_cast<std::size_t>(info.st_size);
  void* map = size_ > 8 ? mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
  close(fd);
  if (map == MAP_FAILED)
    refuse(path, "is no safetensors file: too short");
  bytes_ = static_cast<const unsigned char*>(map);

  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes_, 8);
  if (header_size > size_ - 8) {
    munmap(const_cast<unsigned char*>(bytes_), size_);
    refuse(path, "is no safetensors file, or is truncated: its header is longer than the file");
  }
  try {
    const auto header = nlohmann::json::parse(bytes_ + 8, bytes_ + 8 + header_size);
    for (const auto& [name, entry] : header.items()) {
      if (name == "__metadata__")
        continue;
      const auto offsets = entry.at("data_offsets").get<std::vector<std::size_t>>();
      Entry e{.type = scalar_type(path, entry.at("dtype").get<std::string>()),
              .shape = entry.at("shape").get<std::vector<std::int64_t>>(),
              .begin = 8 + header_size + offsets.at(0)};
      std::size_t bytes = c10::elementSize(e.type);
      for (const std::int64_t n : e.shape)
        bytes *= static_cast<std::size_t>(n);
      if (offsets.at(1) < offsets[0] || offsets[1] - offsets[0] != bytes || e.begin + bytes > size_)
        refuse(path,
               fmt::format("{}: its bytes lie outside the file; is the file truncated?", name));
      entries_.emplace(name, std::move(e));
    }
  } catch (const nlohmann::json::exception& e) {
    munmap(const_cast<unsigned char*>(bytes_), size_);
    refuse(path, fmt::format("is no safetensors file: {}", e.what()));
  } catch (...) {
    munmap(const_cast<unsigned char*>(bytes_), size_);
    throw;
  }
}

SafetensorsFile::~SafetensorsFile() {
  munmap(const_cast<unsigned char*>(bytes_), size_);
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_)
    names.push_back(name);
  return names;
}

bool SafetensorsFile::holds(std::string_view name) const {
  return entries_.contains(name);
}

at::Tensor SafetensorsFile::tensor(std::string_view name) const {
  const auto it = entries_.find(name);
  if (it == entries_.end())
    refuse(path_, fmt::format("holds no tensor '{}'", name));
  const Entry& e = it->second;
  return at::from_blob(const_cast<unsigned char*>(bytes_) + e.begin, e.shape,
                       at::TensorOptions().dtype(e.type));
}

namespace {

/// The file of a folder that ends in `suffix`: none, or the only one.
std::filesystem::path only_file(const std::filesystem::path& folder, std::string_view suffix) {
  std::filesystem::path found;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (const std::string name = entry.path().filename().string(); name.ends_with(suffix)) {
      if (!found.empty())
        refuse(folder,
               fmt::format("holds several files *{}, such as {} and {}, and no single index: "
                           "name the folder of one model",
                           suffix, found.filename().string(), name));
      found = entry.path();
    }
  return found;
}

/// Parameter -> name of its file.
std::map<std::string, std::string> read_index(const std::filesystem::path& index) {
  try {
    return nlohmann::json::parse(read_file(index))
        .at("weight_map")
        .get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception& e) {
    refuse(index, fmt::format("is no index of safetensors files: {}", e.what()));
  }
}

} // namespace

SafetensorsWeights::SafetensorsWeights(const std::filesystem::path& path, c10::Device device,
                                       c10::ScalarType type)
    : Weights(device, type), path_(path) {
  if (std::filesystem::is_directory(path))
    add_folder(path);
  else
    add(path);
}

void SafetensorsWeights::add_folder(const std::filesystem::path& folder) {
  const std::filesystem::path index = only_file(folder, ".safetensors.index.json");
  if (index.empty()) {
    const std::filesystem::path file = only_file(folder, ".safetensors");
    if (file.empty())
      refuse(folder, std::filesystem::is_directory(folder / "transformer")
                         ? "holds no .safetensors file; did you mean its folder 'transformer'?"
                         : "holds no .safetensors file");
    add(file);
    return;
  }
  const auto places = read_index(index);
  std::set<std::string> files;
  for (const auto& [name, file] : places)
    files.insert(file);
  for (const std::string& file : files)
    add(folder / file);
  for (const auto& [name, file] : places)
    if (const auto it = sources_.find(name);
        it == sources_.end() || it->second.path != folder / file)
      refuse(index, fmt::format("says that {} holds '{}', and it does not", file, name));
}

void SafetensorsWeights::add(const std::filesystem::path& file) {
  const auto& added = files_.emplace_back(std::make_unique<SafetensorsFile>(file));
  for (const std::string& name : added->names())
    if (const auto [it, is_new] = sources_.try_emplace(name, Source{added.get(), file}); !is_new)
      refuse(file, fmt::format("holds '{}', as {} does", name, it->second.path.string()));
}

at::Tensor SafetensorsWeights::load(std::string_view name, const std::vector<std::int64_t>& shape) {
  const auto it = sources_.find(name);
  if (it == sources_.end())
    refuse(path_, fmt::format("holds no tensor '{}', which the model needs", name));
  const at::Tensor t = it->second.file->tensor(name);
  if (t.sizes() != at::IntArrayRef(shape))
    refuse(it->second.path, fmt::format("{}: has shape [{}], the model wants [{}]", name,
                                        fmt::join(t.sizes(), ", "), fmt::join(shape, ", ")));
  it->second.taken = true;
  return t.to(device(), type(), /*non_blocking=*/false, /*copy=*/true);
}

void SafetensorsWeights::require_all_taken() const {
  for (const auto& [name, source] : sources_)
    if (!source.taken)
      refuse(source.path, fmt::format("holds '{}', which the model has no place for", name));
}

} // namespace bench::models
