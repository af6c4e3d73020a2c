#include <bench/engines/eager.h>
#include <bench/engines/engine.h>
#include <bench/engines/graph.h>

#include <algorithm>

namespace bench::engines {

const std::vector<Engine>& all() {
  static const std::vector<Engine> engines{
      {"graph", "one step captured into a CUDA graph, the loop replays it",
       [](scenario::DeviceKind kind) -> std::string {
         return kind == scenario::DeviceKind::cuda ? "" : "a CPU has no CUDA graphs";
       },
       &prepare_graph},
      {"eager", "one operator after the other, as an uncompiled Python loop runs them",
       [](scenario::DeviceKind) -> std::string { return ""; }, &prepare_eager},
      {scenario::kWorkerEngine,
       "another process, such as diffusers: a scenario's `workers` say which",
       [](scenario::DeviceKind) -> std::string { return ""; }, nullptr},
  };
  return engines;
}

const Engine* find(std::string_view name) {
  const auto it = std::ranges::find(all(), name, &Engine::name);
  return it == all().end() ? nullptr : &*it;
}

} // namespace bench::engines
