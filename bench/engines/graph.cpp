#include <bench/engines/graph.h>
#include <bench/profile/operation.h>

namespace bench::engines {
namespace {

class Graph final : public PreparedLoop {
 public:
  Graph(models::DenoiseLoop& loop, device::Device& device)
      : loop_(loop), recording_(device.record([&] { loop.step(); })) {}
  int steps() const override { return loop_.steps(); }
  void begin() override { loop_.begin(); }
  void step(int index) override {
    const profile::Range range("step");
    loop_.set_step(index);
    recording_->replay();
  }
  device::KernelCounts kernels() const override { return recording_->kernels(); }

 private:
  models::DenoiseLoop& loop_;
  std::unique_ptr<device::Recording> recording_;
};

} // namespace

std::unique_ptr<PreparedLoop> prepare_graph(models::DenoiseLoop& loop, device::Device& device) {
  return std::make_unique<Graph>(loop, device);
}

} // namespace bench::engines
