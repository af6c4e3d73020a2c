#include <bench/device/kernel_name.h>

#include <cxxabi.h>

#include <cstdlib>

namespace bench::device {
namespace {
constexpr std::size_t kNameLength = 160;
}

std::string kernel_name(const char* mangled) {
  int status = 0;
  char* plain = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string text = status == 0 && plain ? plain : mangled;
  std::free(plain);
  if (text.size() > kNameLength)
    text.resize(kNameLength);
  return text;
}

} // namespace bench::device
