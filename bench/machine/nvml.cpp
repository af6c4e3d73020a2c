#include <bench/machine/nvml.h>
#include <bench/machine/nvml_api.h>

#include <dlfcn.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <utility>

namespace bench::machine {
namespace {

std::string why(const NvmlApi& api, nvmlReturn_t status) {
  switch (status) {
  case NVML_ERROR_DRIVER_NOT_LOADED:
    return "the NVIDIA driver is installed but not loaded";
  case NVML_ERROR_LIB_RM_VERSION_MISMATCH:
    return "the NVIDIA driver was updated and its old kernel module still runs: restart the "
           "machine";
  default:
    return fmt::format("NVML does not start ({})", api.error_string != nullptr
                                                       ? api.error_string(status)
                                                       : fmt::to_string(static_cast<int>(status)));
  }
}

/// The first entry of a list; CUDA ignores what follows one it does not know, so that one decides.
std::string_view first_entry(std::string_view list) {
  std::string_view entry = list.substr(0, list.find(','));
  while (entry.starts_with(' '))
    entry.remove_prefix(1);
  while (entry.ends_with(' '))
    entry.remove_suffix(1);
  return entry;
}

} // namespace

Nvml Nvml::load() {
  // Stays open to the end of the process, as libraries that linked it would keep it.
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    return Nvml(fmt::format("no NVIDIA driver ({})", dlerror()));
  return Nvml(bind_nvml(library));
}

Nvml::Nvml(const NvmlApi& api) {
  if (api.init == nullptr || api.shutdown == nullptr || api.count == nullptr ||
      api.by_index == nullptr) {
    reason_ = "libnvidia-ml.so.1 lacks the functions of NVML";
    return;
  }
  const nvmlReturn_t status = api.init();
  if (status != NVML_SUCCESS) {
    reason_ = why(api, status);
    return;
  }
  api_ = std::shared_ptr<const NvmlApi>(new NvmlApi(api), [](const NvmlApi* used) {
    used->shutdown();
    delete used;
  });
}

std::optional<std::string> Nvml::driver_version() const {
  return available() ? ask_text(api_->driver_version) : std::nullopt;
}

std::optional<std::string> Nvml::cuda_version() const {
  const auto version = available() ? ask<int>(api_->cuda_version) : std::nullopt;
  if (!version)
    return std::nullopt;
  return fmt::format("{}.{}", NVML_CUDA_DRIVER_VERSION_MAJOR(*version),
                     NVML_CUDA_DRIVER_VERSION_MINOR(*version));
}

std::vector<NvmlDevice> Nvml::devices() const {
  std::vector<NvmlDevice> devices;
  const auto count = available() ? ask<unsigned int>(api_->count) : std::nullopt;
  for (unsigned int i = 0; i < count.value_or(0); ++i)
    if (auto found = device(static_cast<int>(i))) // a GPU that fell off the bus is passed over
      devices.push_back(*std::move(found));
  return devices;
}

std::optional<NvmlDevice> Nvml::device(int index) const {
  if (!available() || index < 0)
    return std::nullopt;
  const auto handle = ask<nvmlDevice_t>(api_->by_index, static_cast<unsigned int>(index));
  return handle ? std::optional(NvmlDevice(api_, *handle)) : std::nullopt;
}

std::optional<NvmlDevice> Nvml::device(std::string_view uuid) const {
  if (!available())
    return std::nullopt;
  const auto handle = ask<nvmlDevice_t>(api_->by_uuid, std::string(uuid).c_str());
  return handle ? std::optional(NvmlDevice(api_, *handle)) : std::nullopt;
}

std::optional<NvmlDevice> visible_device(const Nvml& nvml,
                                         std::optional<std::string_view> cuda_visible_devices) {
  if (!cuda_visible_devices)
    return nvml.device(0);
  const std::string_view entry = first_entry(*cuda_visible_devices);
  int index = -1;
  const auto [end, error] = std::from_chars(entry.data(), entry.data() + entry.size(), index);
  if (error == std::errc() && end == entry.data() + entry.size())
    return nvml.device(index);
  if (entry.starts_with("MIG-"))
    return nvml.device(entry);
  std::optional<NvmlDevice> match;
  for (const NvmlDevice& device : nvml.devices()) {
    if (!entry.empty() && device.uuid().value_or("").starts_with(entry)) {
      if (match)
        return std::nullopt; // ambiguous: CUDA then sees none
      match = device;
    }
  }
  return match;
}

std::optional<NvmlDevice> visible_device(const Nvml& nvml) {
  const char* value = std::getenv("CUDA_VISIBLE_DEVICES");
  return visible_device(nvml,
                        value != nullptr ? std::optional<std::string_view>(value) : std::nullopt);
}

} // namespace bench::machine
