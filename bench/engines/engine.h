#pragma once

#include <bench/device/device.h>
#include <bench/measure/workload.h>
#include <bench/models/denoise_loop.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How a denoise loop is executed.
namespace bench::engines {

/// A loop made ready by an engine.
class PreparedLoop : public measure::Workload {
 public:
  /// The kernels of one step; empty where they cannot be known (CPU).
  virtual device::KernelCounts kernels() const = 0;
};

struct Engine {
  std::string_view name;    ///< as scenarios name it
  std::string_view summary; ///< one line
  /// "" when it runs on such a device, else why not.
  std::string (*why_unavailable)(scenario::DeviceKind kind);
  /// Makes `loop` ready to run on `device`; both must outlive what is returned. Null for the engine
  /// whose loops another process makes (bench/workers).
  std::unique_ptr<PreparedLoop> (*prepare)(models::DenoiseLoop& loop, device::Device& device);
};

/// All of them, in the order `bench list engines` shows.
const std::vector<Engine>& all();

/// The one of that name, or nullptr.
const Engine* find(std::string_view name);

/// Speed of a large matrix product: what loops are held against.
struct MatmulPeak {
  double flop_per_s = 0;      ///< floating-point operations a second
  std::optional<double> f_hz; ///< the SM clock meanwhile, on a GPU
};

/// 8192^3 in `dtype` on a GPU, where it takes about half a second in all; 512^3 on a CPU. Nothing
/// where no time could be taken.
std::optional<MatmulPeak> matmul_peak(device::Device& device, scenario::DType dtype);

} // namespace bench::engines
