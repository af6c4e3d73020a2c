#pragma once

#include <bench/models/weights.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace bench::models {

/// A .safetensors file, mapped into memory (format: github.com/huggingface/safetensors).
class SafetensorsFile {
 public:
  /// Throws UsageError naming the file when it cannot be read, is truncated, or is none.
  explicit SafetensorsFile(const std::filesystem::path& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  std::vector<std::string> names() const; ///< sorted
  bool holds(std::string_view name) const;
  /// A view of the mapped bytes on the CPU; lives as long as this object. Throws UsageError naming
  /// the file and the tensor when there is none of that name.
  at::Tensor tensor(std::string_view name) const;

 private:
  struct Entry {
    c10::ScalarType type;
    std::vector<std::int64_t> shape;
    std::size_t begin = 0; // in the file
  };
  std::filesystem::path path_;
  const unsigned char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// Parameters as published, converted to `type` on `device`, each straight from the mapped file.
/// require_all_taken() after the model is built finds the ones it did not ask for.
class SafetensorsWeights final : public Weights {
 public:
  /// `path` is a .safetensors file, or a folder in diffusers' format: one such file, or several
  /// with a *.safetensors.index.json that says which parameter lies where. Throws UsageError naming
  /// the file that is missing, of no use, or at odds with the index.
  SafetensorsWeights(const std::filesystem::path& path, c10::Device device, c10::ScalarType type);
  /// Throws UsageError naming a parameter that no take() asked for.
  void require_all_taken() const;

 private:
  at::Tensor load(std::string_view name, const std::vector<std::int64_t>& shape) override;
  void add_folder(const std::filesystem::path& folder);
  void add(const std::filesystem::path& file);

  struct Source {
    const SafetensorsFile* file;
    std::filesystem::path path;
    bool taken = false;
  };
  std::filesystem::path path_;
  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::map<std::string, Source, std::less<>> sources_;
};

} // namespace bench::models
