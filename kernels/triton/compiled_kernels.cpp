#include <kernels/triton/compiled_kernels.h>

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

namespace kernels::triton {
namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  if (!in || !(bytes << in.rdbuf()))
    throw std::runtime_error(file.string() + " cannot be read: compile it again");
  return bytes.str();
}

} // namespace

std::vector<CompiledKernel> read_compiled(const std::filesystem::path& folder) {
  static const std::map<std::string, c10::ScalarType> kTypes{{"bf16", c10::ScalarType::BFloat16},
                                                             {"fp16", c10::ScalarType::Half},
                                                             {"fp32", c10::ScalarType::Float}};
  const std::filesystem::path list = folder / "kernels.txt";
  std::istringstream lines(read(list));
  std::vector<CompiledKernel> kernels;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    CompiledKernel kernel;
    std::string type, cubin;
    words >> kernel.function >> kernel.width_class >> type >> kernel.symbol >> kernel.rows >>
        kernel.warps >> kernel.shared_bytes >> cubin;
    if (!words || !kTypes.contains(type))
      throw std::runtime_error(list.string() + ": '" + line + "' is no kernel: compile it again");
    kernel.dtype = kTypes.at(type);
    kernel.cubin = read(folder / cubin);
    kernels.push_back(std::move(kernel));
  }
  return kernels;
}

} // namespace kernels::triton
