#include <bench/engines/eager.h>
#include <bench/profile/operation.h>

namespace bench::engines {
namespace {

class Eager final : public PreparedLoop {
 public:
  Eager(models::DenoiseLoop& loop, device::Device& device)
      : loop_(loop), kernels_(device.record([&] { loop.step(); })->kernels()) {
    device.release_reserves(); // the recording was only there to be counted
  }
  int steps() const override { return loop_.steps(); }
  void begin() override { loop_.begin(); }
  void step(int index) override {
    const profile::Range range("step");
    loop_.set_step(index);
    loop_.step();
  }
  device::KernelCounts kernels() const override { return kernels_; }

 private:
  models::DenoiseLoop& loop_;
  device::KernelCounts kernels_;
};

} // namespace

std::unique_ptr<PreparedLoop> prepare_eager(models::DenoiseLoop& loop, device::Device& device) {
  return std::make_unique<Eager>(loop, device);
}

} // namespace bench::engines
