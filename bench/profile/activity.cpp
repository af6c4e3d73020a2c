#include <bench/device/kernel_name.h>
#include <bench/profile/activity.h>
#include <bench/profile/operation.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>

namespace bench::profile {
namespace {

constexpr std::size_t kBufferBytes = 4 << 20;
constexpr std::size_t kBufferAlignment = 8;
constexpr CUpti_ActivityKind kKinds[] = {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
                                         CUPTI_ACTIVITY_KIND_MEMCPY, CUPTI_ACTIVITY_KIND_MEMSET};
constexpr CUpti_CallbackDomain kLaunches[] = {CUPTI_CB_DOMAIN_RUNTIME_API,
                                              CUPTI_CB_DOMAIN_DRIVER_API};

/// A record with what tells its operation.
struct Raw {
  Record record;
  std::uint64_t graph_node = 0; ///< 0: in no graph
  std::uint32_t correlation = 0;
};

Raw from_kernel(const CUpti_ActivityKernel10& k) {
  Raw raw{.record = {.name = k.name ? k.name : "[unknown]",
                     .operation = "",
                     .grid = {k.gridX, k.gridY, k.gridZ},
                     .block = {k.blockX, k.blockY, k.blockZ},
                     .registers = k.registersPerThread,
                     .shared_memory_bytes =
                         std::int64_t{k.staticSharedMemory} + std::int64_t{k.dynamicSharedMemory},
                     .start_ns = k.start,
                     .end_ns = k.end,
                     .stream = k.streamId,
                     .in_graph = k.graphNodeId != 0},
          .graph_node = k.graphNodeId,
          .correlation = k.correlationId};
  return raw;
}

template <typename Activity>
Raw from_memory(const Activity& m, const char* name) {
  Raw raw;
  raw.record.name = name;
  raw.record.start_ns = m.start;
  raw.record.end_ns = m.end;
  raw.record.stream = m.streamId;
  raw.record.in_graph = m.graphNodeId != 0;
  raw.graph_node = m.graphNodeId;
  raw.correlation = m.correlationId;
  return raw;
}

} // namespace

struct Activity::State {
  CuptiApi api;
  std::string fault;
  std::uint32_t version = 0;
  CUpti_SubscriberHandle subscriber = nullptr;

  std::mutex mutex; // CUPTI may hand buffers over on a thread of its own
  std::vector<Raw> raws;
  std::size_t dropped = 0, timeless = 0;
  CUptiResult unreadable = CUPTI_SUCCESS;
  std::set<std::string> operations; // holds the names that the maps point to
  std::unordered_map<std::uint64_t, const std::string*> of_node;
  std::unordered_map<std::uint32_t, const std::string*> of_launch;
  std::unordered_map<std::string, std::string> plain_names;

  static State* current; // CUPTI's callbacks for buffers take no argument

  bool start();
  bool switch_on();
  bool succeeded(CUptiResult status, const char* what) {
    if (status == CUPTI_SUCCESS)
      return true;
    fault = explain_status(api, status, what);
    return false;
  }
  const std::string& plain(const std::string& mangled) {
    auto [it, is_new] = plain_names.try_emplace(mangled);
    if (is_new)
      it->second = device::kernel_name(mangled.c_str());
    return it->second;
  }
  const std::string* operation_now() {
    const char* name = Operation::current();
    return name ? &*operations.emplace(name).first : nullptr;
  }
  std::string operation_of(const Raw& raw) const {
    const std::string* name = nullptr;
    if (raw.graph_node != 0) {
      if (const auto it = of_node.find(raw.graph_node); it != of_node.end())
        name = it->second;
    } else if (const auto it = of_launch.find(raw.correlation); it != of_launch.end()) {
      name = it->second;
    }
    return name ? *name : "";
  }
  void on_graph_node(CUpti_CallbackId id, const CUpti_GraphData& data);
  void read(CUcontext context, std::uint32_t stream, std::uint8_t* buffer, std::size_t bytes);

  static void CUPTIAPI on_callback(void* self, CUpti_CallbackDomain domain, CUpti_CallbackId id,
                                   const void* data);
  static void CUPTIAPI give_buffer(std::uint8_t** buffer, std::size_t* bytes, std::size_t* records);
  static void CUPTIAPI take_buffer(CUcontext context, std::uint32_t stream, std::uint8_t* buffer,
                                   std::size_t, std::size_t valid_bytes);
};

Activity::State* Activity::State::current = nullptr;

bool Activity::State::start() {
  if (current) {
    fault = "a profile is already being taken in this process";
    return false;
  }
  if (!api.has_activity()) {
    fault = "libcupti.so.13 lacks functions of CUPTI 13: it is broken";
    return false;
  }
  fault = version_fault(api);
  if (!fault.empty())
    return false;
  api.get_version(&version);
  if (!succeeded(api.subscribe(&subscriber, &State::on_callback, this), "subscribing")) {
    subscriber = nullptr;
    return false;
  }
  current = this;
  // A graph is instantiated into clones of its captured nodes, and the clones are what runs.
  for (const CUpti_CallbackId id :
       {CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED, CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED})
    if (!succeeded(api.enable_callback(1, subscriber, CUPTI_CB_DOMAIN_RESOURCE, id),
                   "callbacks of graphs"))
      return false;
  if (!succeeded(api.register_callbacks(&State::give_buffer, &State::take_buffer),
                 "registering buffers"))
    return false;
  return switch_on();
}

bool Activity::State::switch_on() {
  // Torch and its kernels launch through the runtime; cuBLAS, cuDNN and Triton through the driver.
  for (const CUpti_CallbackDomain domain : kLaunches)
    if (!succeeded(api.enable_domain(1, subscriber, domain), "callbacks of launches"))
      return false;
  for (const CUpti_ActivityKind kind : kKinds)
    if (!succeeded(api.enable(kind), "recording of kernels"))
      return false;
  return true;
}

void Activity::State::on_graph_node(CUpti_CallbackId id, const CUpti_GraphData& data) {
  std::uint64_t node = 0, original = 0;
  if (api.graph_node_id(data.node, &node) != CUPTI_SUCCESS)
    return;
  const std::string* operation = nullptr;
  if (id == CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED)
    operation = operation_now();
  else if (api.graph_node_id(data.originalNode, &original) == CUPTI_SUCCESS)
    if (const auto it = of_node.find(original); it != of_node.end())
      operation = it->second;
  of_node[node] = operation;
}

void CUPTIAPI Activity::State::on_callback(void* self, CUpti_CallbackDomain domain,
                                           CUpti_CallbackId id, const void* data) {
  State& state = *static_cast<State*>(self);
  if (domain == CUPTI_CB_DOMAIN_RESOURCE) {
    const auto* resource = static_cast<const CUpti_ResourceData*>(data);
    const std::lock_guard lock(state.mutex);
    state.on_graph_node(id, *static_cast<const CUpti_GraphData*>(resource->resourceDescriptor));
  } else if (domain == CUPTI_CB_DOMAIN_RUNTIME_API || domain == CUPTI_CB_DOMAIN_DRIVER_API) {
    const auto* call = static_cast<const CUpti_CallbackData*>(data);
    if (call->callbackSite != CUPTI_API_ENTER || !Operation::current())
      return;
    const std::lock_guard lock(state.mutex);
    state.of_launch[call->correlationId] = state.operation_now();
  }
}

void CUPTIAPI Activity::State::give_buffer(std::uint8_t** buffer, std::size_t* bytes,
                                           std::size_t* records) {
  *buffer = static_cast<std::uint8_t*>(std::aligned_alloc(kBufferAlignment, kBufferBytes));
  *bytes = *buffer ? kBufferBytes : 0; // without one CUPTI drops records, and counts them
  *records = 0;                        // as many as fit
}

void CUPTIAPI Activity::State::take_buffer(CUcontext context, std::uint32_t stream,
                                           std::uint8_t* buffer, std::size_t,
                                           std::size_t valid_bytes) {
  if (current)
    current->read(context, stream, buffer, valid_bytes);
  std::free(buffer);
}

void Activity::State::read(CUcontext context, std::uint32_t stream, std::uint8_t* buffer,
                           std::size_t bytes) {
  const std::lock_guard lock(mutex);
  CUpti_Activity* activity = nullptr;
  CUptiResult status = CUPTI_SUCCESS;
  while (bytes > 0 && (status = api.next_record(buffer, bytes, &activity)) == CUPTI_SUCCESS) {
    Raw raw;
    switch (activity->kind) {
    case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
      raw = from_kernel(*reinterpret_cast<const CUpti_ActivityKernel10*>(activity));
      raw.record.name = plain(raw.record.name);
      break;
    case CUPTI_ACTIVITY_KIND_MEMCPY:
      raw = from_memory(*reinterpret_cast<const CUpti_ActivityMemcpy6*>(activity),
                        device::kMemcpyName);
      break;
    case CUPTI_ACTIVITY_KIND_MEMSET:
      raw = from_memory(*reinterpret_cast<const CUpti_ActivityMemset4*>(activity),
                        device::kMemsetName);
      break;
    default:
      continue;
    }
    // CUPTI gives no times when its memory on the device is used up.
    if (raw.record.start_ns == 0 || raw.record.end_ns < raw.record.start_ns)
      ++timeless;
    else
      raws.push_back(std::move(raw));
  }
  if (status != CUPTI_SUCCESS && status != CUPTI_ERROR_MAX_LIMIT_REACHED)
    unreadable = status;
  std::size_t lost = 0;
  if (api.dropped_records(context, stream, &lost) == CUPTI_SUCCESS)
    dropped += lost;
}

Activity::Activity(Cupti cupti) : state_(std::make_unique<State>()) {
  state_->api = cupti.api;
  state_->fault = std::move(cupti.fault);
  if (state_->fault.empty())
    state_->start();
}

Activity::~Activity() {
  State& s = *state_;
  if (!s.subscriber)
    return;
  for (const CUpti_ActivityKind kind : kKinds)
    s.api.disable(kind);
  s.api.flush_all(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  s.api.unsubscribe(s.subscriber);
  State::current = nullptr;
}

const std::string& Activity::fault() const {
  return state_->fault;
}

std::string Activity::source() const {
  return fmt::format("CUPTI {} activity",
                     version_text(state_->version ? state_->version : CUPTI_API_VERSION));
}

void Activity::pause() {
  State& s = *state_;
  if (!s.fault.empty())
    return;
  for (const CUpti_ActivityKind kind : kKinds)
    s.api.disable(kind);
  for (const CUpti_CallbackDomain domain : kLaunches)
    s.api.enable_domain(0, s.subscriber, domain);
}

void Activity::resume() {
  if (state_->fault.empty())
    state_->switch_on();
}

Activity::Taken Activity::take() {
  State& s = *state_;
  if (!s.fault.empty())
    return {.records = {}, .fault = s.fault};
  const CUptiResult flushed = s.api.flush_all(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  const std::lock_guard lock(s.mutex);
  Taken taken;
  for (Raw& raw : s.raws) {
    raw.record.operation = s.operation_of(raw);
    taken.records.push_back(std::move(raw.record));
  }
  std::ranges::stable_sort(taken.records, {}, &Record::start_ns);
  if (const std::size_t lost = s.dropped + s.timeless; lost > 0)
    taken.fault = fmt::format("CUPTI dropped {} of {} records: launches and times are too low",
                              lost, lost + taken.records.size());
  if (s.unreadable != CUPTI_SUCCESS)
    taken.fault = explain_status(s.api, s.unreadable, "reading records");
  if (flushed != CUPTI_SUCCESS)
    taken.fault = explain_status(s.api, flushed, "flushing records");
  s.raws.clear();
  s.of_launch.clear();
  s.dropped = s.timeless = 0;
  s.unreadable = CUPTI_SUCCESS;
  return taken;
}

} // namespace bench::profile
