#include <bench/device/graph_kernels.h>

#include <cuda.h>
#include <cxxabi.h>

#include <cstdlib>

namespace bench::device {
namespace {

constexpr std::size_t kNameLength = 160;

// The driver's functions are asked for at run time: linking libcuda would keep the program from
// starting on a machine without a driver.
template <typename Function>
Function driver(const char* name) {
  void* pointer = nullptr;
  cudaDriverEntryPointQueryResult found{};
  if (cudaGetDriverEntryPointByVersion(name, &pointer, 12030, cudaEnableDefault, &found) !=
          cudaSuccess ||
      found != cudaDriverEntryPointSuccess)
    return nullptr;
  return reinterpret_cast<Function>(pointer);
}

std::string demangled(const char* name) {
  int status = 0;
  char* plain = abi::__cxa_demangle(name, nullptr, nullptr, &status);
  std::string text = status == 0 && plain ? plain : name;
  std::free(plain);
  if (text.size() > kNameLength)
    text.resize(kNameLength);
  return text;
}

std::string kernel_name(cudaGraphNode_t node) {
  static const auto get_params =
      driver<CUresult (*)(CUgraphNode, CUDA_KERNEL_NODE_PARAMS*)>("cuGraphKernelNodeGetParams");
  static const auto func_name = driver<CUresult (*)(const char**, CUfunction)>("cuFuncGetName");
  static const auto kernel_get_name =
      driver<CUresult (*)(const char**, CUkernel)>("cuKernelGetName");
  CUDA_KERNEL_NODE_PARAMS params{};
  const char* name = nullptr;
  if (get_params && get_params(node, &params) == CUDA_SUCCESS) {
    if (params.func && func_name && func_name(&name, params.func) == CUDA_SUCCESS && name)
      return demangled(name);
    if (params.kern && kernel_get_name && kernel_get_name(&name, params.kern) == CUDA_SUCCESS &&
        name)
      return demangled(name);
  }
  return "[unknown]";
}

void count(cudaGraph_t graph, KernelCounts& counts) {
  std::size_t size = 0;
  if (cudaGraphGetNodes(graph, nullptr, &size) != cudaSuccess)
    return;
  std::vector<cudaGraphNode_t> nodes(size);
  cudaGraphGetNodes(graph, nodes.data(), &size);
  for (cudaGraphNode_t node : nodes) {
    cudaGraphNodeType type{};
    cudaGraphNodeGetType(node, &type);
    cudaGraph_t child = nullptr;
    switch (type) {
    case cudaGraphNodeTypeKernel:
      ++counts[kernel_name(node)];
      break;
    case cudaGraphNodeTypeMemcpy:
      ++counts["[memcpy]"];
      break;
    case cudaGraphNodeTypeMemset:
      ++counts["[memset]"];
      break;
    case cudaGraphNodeTypeGraph:
      if (cudaGraphChildGraphNodeGetGraph(node, &child) == cudaSuccess)
        count(child, counts);
      break;
    default:
      break;
    }
  }
}

} // namespace

KernelCounts graph_kernels(cudaGraph_t graph) {
  KernelCounts counts;
  count(graph, counts);
  return counts;
}

} // namespace bench::device
