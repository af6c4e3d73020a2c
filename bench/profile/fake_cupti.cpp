#include <bench/profile/fake_cupti.h>

#include <cstring>
#include <stdexcept>
#include <type_traits>

namespace bench::profile {
namespace {

FakeCupti* fake = nullptr;

std::size_t size_of(CUpti_ActivityKind kind) {
  switch (kind) {
  case CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL:
    return sizeof(CUpti_ActivityKernel10);
  case CUPTI_ACTIVITY_KIND_MEMCPY:
    return sizeof(CUpti_ActivityMemcpy6);
  case CUPTI_ACTIVITY_KIND_MEMSET:
    return sizeof(CUpti_ActivityMemset4);
  default:
    throw std::logic_error("a record that the fake does not make");
  }
}

/// A test's node is its id.
CUgraphNode node_of(std::uint64_t id) {
  return reinterpret_cast<CUgraphNode>(id);
}

} // namespace

struct FakeFunctions {
  static CUptiResult CUPTIAPI get_version(std::uint32_t* version) {
    *version = fake->version;
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI result_string(CUptiResult, const char** text) {
    *text = "a result of the fake";
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI subscribe(CUpti_SubscriberHandle* handle, CUpti_CallbackFunc callback,
                                        void* data) {
    if (fake->on_subscribe != CUPTI_SUCCESS)
      return fake->on_subscribe;
    fake->callback_ = callback;
    fake->callback_data_ = data;
    *handle = reinterpret_cast<CUpti_SubscriberHandle>(fake);
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI unsubscribe(CUpti_SubscriberHandle) {
    fake->callback_ = nullptr;
    fake->callbacks_.clear();
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI enable_callback(std::uint32_t, CUpti_SubscriberHandle,
                                              CUpti_CallbackDomain domain, CUpti_CallbackId id) {
    fake->callbacks_.emplace(domain, static_cast<int>(id));
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI enable_domain(std::uint32_t on, CUpti_SubscriberHandle,
                                            CUpti_CallbackDomain domain) {
    if (on)
      fake->callbacks_.emplace(domain, -1);
    else
      fake->callbacks_.erase({domain, -1});
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI register_callbacks(CUpti_BuffersCallbackRequestFunc request,
                                                 CUpti_BuffersCallbackCompleteFunc complete) {
    fake->request_ = request;
    fake->complete_ = complete;
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI enable(CUpti_ActivityKind kind) {
    if (fake->on_enable == CUPTI_SUCCESS)
      fake->enabled.insert(kind);
    return fake->on_enable;
  }
  static CUptiResult CUPTIAPI disable(CUpti_ActivityKind kind) {
    fake->enabled.erase(kind);
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI flush_all(std::uint32_t) {
    fake->deliver();
    return fake->on_flush;
  }
  static CUptiResult CUPTIAPI next_record(std::uint8_t* buffer, std::size_t valid,
                                          CUpti_Activity** record) {
    std::uint8_t* next = buffer;
    if (*record)
      next = reinterpret_cast<std::uint8_t*>(*record) + size_of((*record)->kind);
    if (next >= buffer + valid)
      return fake->at_end_of_buffer;
    *record = reinterpret_cast<CUpti_Activity*>(next);
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI dropped_records(CUcontext, std::uint32_t, std::size_t* dropped) {
    *dropped = fake->dropped;
    fake->dropped = 0;
    return CUPTI_SUCCESS;
  }
  static CUptiResult CUPTIAPI graph_node_id(CUgraphNode node, std::uint64_t* id) {
    *id = reinterpret_cast<std::uint64_t>(node);
    return CUPTI_SUCCESS;
  }
};

FakeCupti::FakeCupti() {
  if (fake)
    throw std::logic_error("one fake at a time");
  fake = this;
}
FakeCupti::~FakeCupti() {
  fake = nullptr;
}

Cupti FakeCupti::cupti() const {
  Cupti cupti;
  cupti.api.get_version = &FakeFunctions::get_version;
  cupti.api.result_string = &FakeFunctions::result_string;
  cupti.api.subscribe = &FakeFunctions::subscribe;
  cupti.api.unsubscribe = &FakeFunctions::unsubscribe;
  cupti.api.enable_callback = &FakeFunctions::enable_callback;
  cupti.api.enable_domain = &FakeFunctions::enable_domain;
  cupti.api.register_callbacks = &FakeFunctions::register_callbacks;
  cupti.api.enable = &FakeFunctions::enable;
  cupti.api.disable = &FakeFunctions::disable;
  cupti.api.flush_all = &FakeFunctions::flush_all;
  cupti.api.next_record = &FakeFunctions::next_record;
  cupti.api.dropped_records = &FakeFunctions::dropped_records;
  cupti.api.graph_node_id = &FakeFunctions::graph_node_id;
  return cupti;
}

std::uint32_t FakeCupti::call(CUpti_CallbackDomain domain) {
  CUpti_CallbackData data{};
  data.correlationId = next_correlation_++;
  for (const CUpti_ApiCallbackSite site : {CUPTI_API_ENTER, CUPTI_API_EXIT}) {
    data.callbackSite = site;
    if (callback_ && callbacks_.contains({domain, -1}))
      callback_(callback_data_, domain, 1, &data);
  }
  return data.correlationId;
}

template <typename Record>
void FakeCupti::append(const Record& record) {
  static_assert(std::is_trivially_copyable_v<Record>);
  if (!enabled.contains(record.kind))
    return;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&record);
  records_.insert(records_.end(), bytes, bytes + sizeof record);
}

void FakeCupti::kernel(const char* mangled, std::uint64_t start, std::uint64_t end,
                       std::uint32_t correlation, std::uint64_t graph_node) {
  CUpti_ActivityKernel10 record{};
  record.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  record.name = mangled;
  record.gridX = 132;
  record.gridY = record.gridZ = 1;
  record.blockX = 256;
  record.blockY = record.blockZ = 1;
  record.registersPerThread = 40;
  record.staticSharedMemory = 1024;
  record.dynamicSharedMemory = 512;
  record.streamId = 7;
  record.start = start;
  record.end = end;
  record.correlationId = correlation;
  record.graphNodeId = graph_node;
  append(record);
}

namespace {
template <typename Record>
Record memory_record(CUpti_ActivityKind kind, std::uint64_t start, std::uint64_t end,
                     std::uint32_t correlation, std::uint64_t graph_node) {
  Record record{};
  record.kind = kind;
  record.start = start;
  record.end = end;
  record.correlationId = correlation;
  record.graphNodeId = graph_node;
  return record;
}
} // namespace

void FakeCupti::memcpy(std::uint64_t start, std::uint64_t end, std::uint32_t correlation,
                       std::uint64_t graph_node) {
  append(memory_record<CUpti_ActivityMemcpy6>(CUPTI_ACTIVITY_KIND_MEMCPY, start, end, correlation,
                                              graph_node));
}

void FakeCupti::memset(std::uint64_t start, std::uint64_t end, std::uint32_t correlation,
                       std::uint64_t graph_node) {
  append(memory_record<CUpti_ActivityMemset4>(CUPTI_ACTIVITY_KIND_MEMSET, start, end, correlation,
                                              graph_node));
}

void FakeCupti::capture(std::uint64_t node) {
  CUpti_GraphData graph{};
  graph.node = node_of(node);
  CUpti_ResourceData data{};
  data.resourceDescriptor = &graph;
  if (callback_ &&
      callbacks_.contains({CUPTI_CB_DOMAIN_RESOURCE, CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED}))
    callback_(callback_data_, CUPTI_CB_DOMAIN_RESOURCE, CUPTI_CBID_RESOURCE_GRAPHNODE_CREATED,
              &data);
}

void FakeCupti::instantiate(std::uint64_t node, std::uint64_t original) {
  capture(node); // as CUPTI 13.0 does: the clone is created outside of every operation, then cloned
  CUpti_GraphData graph{};
  graph.node = node_of(node);
  graph.originalNode = node_of(original);
  CUpti_ResourceData data{};
  data.resourceDescriptor = &graph;
  if (callback_ &&
      callbacks_.contains({CUPTI_CB_DOMAIN_RESOURCE, CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED}))
    callback_(callback_data_, CUPTI_CB_DOMAIN_RESOURCE, CUPTI_CBID_RESOURCE_GRAPHNODE_CLONED,
              &data);
}

void FakeCupti::deliver() {
  if (records_.empty() && dropped == 0)
    return;
  std::uint8_t* buffer = nullptr;
  std::size_t bytes = 0, most = 0;
  request_(&buffer, &bytes, &most);
  if (!buffer || bytes < records_.size())
    throw std::logic_error("the buffer is too small for the test's records");
  ++buffers_out_;
  std::memcpy(buffer, records_.data(), records_.size());
  const std::size_t valid = records_.size();
  records_.clear();
  complete_(nullptr, 0, buffer, bytes, valid);
  --buffers_out_;
}

} // namespace bench::profile
