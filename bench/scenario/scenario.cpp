#include <bench/scenario/document.h>
#include <bench/scenario/quantity.h>
#include <bench/scenario/scenario.h>

#include <fmt/format.h>

#include <array>

namespace bench::scenario {

namespace {

constexpr std::array kDTypes{DType::bf16, DType::fp16, DType::fp32};
constexpr std::array kDeviceKinds{DeviceKind::cpu, DeviceKind::cuda};

template <typename Enum, std::size_t N>
std::optional<Enum> parse_word(const std::array<Enum, N>& all, std::string_view text) {
  for (const Enum one : all)
    if (to_string(one) == text)
      return one;
  return std::nullopt;
}

} // namespace

std::string_view to_string(DType dtype) {
  switch (dtype) {
  case DType::bf16:
    return "bf16";
  case DType::fp16:
    return "fp16";
  case DType::fp32:
    return "fp32";
  }
  return {};
}

std::int64_t size_of(DType dtype) {
  return dtype == DType::fp32 ? 4 : 2;
}

std::optional<DType> parse_dtype(std::string_view text) {
  return parse_word(kDTypes, text);
}

std::string_view to_string(DeviceKind device) {
  return device == DeviceKind::cpu ? "cpu" : "cuda";
}

std::optional<DeviceKind> parse_device_kind(std::string_view text) {
  return parse_word(kDeviceKinds, text);
}

std::string to_string(const KernelShape& shape) {
  if (shape.heads > 1)
    return fmt::format("{}x{}x{}.{}", shape.rows, shape.heads, shape.width, to_string(shape.dtype));
  return fmt::format("{}x{}.{}", shape.rows, shape.width, to_string(shape.dtype));
}

std::optional<KernelShape> parse_kernel_shape(std::string_view text) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos)
    return std::nullopt;
  const auto dtype = parse_dtype(text.substr(dot + 1));
  std::vector<std::int64_t> sizes;
  for (std::string_view rest = text.substr(0, dot); sizes.size() < 4;) {
    const std::size_t x = rest.find('x');
    const auto size = parse_integer(rest.substr(0, x));
    if (!size || *size < 1)
      return std::nullopt;
    sizes.push_back(*size);
    if (x == std::string_view::npos)
      break;
    rest.remove_prefix(x + 1);
  }
  if (!dtype || sizes.size() < 2 || sizes.size() > 3)
    return std::nullopt;
  return KernelShape{.rows = sizes.front(),
                     .width = sizes.back(),
                     .dtype = *dtype,
                     .heads = sizes.size() == 3 ? sizes[1] : 1};
}

Scenario::Scenario(std::unique_ptr<Document> document) : document_(std::move(document)) {}
Scenario::~Scenario() = default;
Scenario::Scenario(Scenario&&) noexcept = default;
Scenario& Scenario::operator=(Scenario&&) noexcept = default;

const std::string& Scenario::name() const {
  return document_->name;
}

const std::filesystem::path& Scenario::file() const {
  return document_->file;
}

const std::string& Scenario::text() const {
  return document_->text;
}

std::vector<std::string> Scenario::profiles() const {
  std::vector<std::string> names;
  for (const Profile& profile : document_->profiles)
    names.push_back(profile.name);
  return names;
}

DeviceKind Scenario::device(std::string_view profile) const {
  return document_->profile(profile).device;
}

} // namespace bench::scenario
