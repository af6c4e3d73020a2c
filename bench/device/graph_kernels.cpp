#include <bench/device/graph_kernels.h>
#include <bench/device/kernel_name.h>

#include <cuda.h>

namespace bench::device {
namespace {

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

std::string name_of(cudaGraphNode_t node) {
  static const auto get_params =
      driver<CUresult (*)(CUgraphNode, CUDA_KERNEL_NODE_PARAMS*)>("cuGraphKernelNodeGetParams");
  static const auto func_name = driver<CUresult (*)(const char**, CUfunction)>("cuFuncGetName");
  static const auto kernel_get_name =
      driver<CUresult (*)(const char**, CUkernel)>("cuKernelGetName");
  CUDA_KERNEL_NODE_PARAMS params{};
  const char* name = nullptr;
  if (get_params && get_params(node, &params) == CUDA_SUCCESS) {
    if (params.func && func_name && func_name(&name, params.func) == CUDA_SUCCESS && name)
      return kernel_name(name);
    if (params.kern && kernel_get_name && kernel_get_name(&name, params.kern) == CUDA_SUCCESS &&
        name)
      return kernel_name(name);
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
      ++counts[name_of(node)];
      break;
    case cudaGraphNodeTypeMemcpy:
      ++counts[kMemcpyName];
      break;
    case cudaGraphNodeTypeMemset:
      ++counts[kMemsetName];
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
