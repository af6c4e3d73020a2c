#pragma once

#include <bench/profile/cupti_api.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace bench::profile {

/// A CUPTI for tests, of a GPU that is not there: it runs what the test tells it to. One at a time,
/// because its functions find it through a global.
class FakeCupti {
 public:
  FakeCupti();
  ~FakeCupti();
  FakeCupti(const FakeCupti&) = delete;
  FakeCupti& operator=(const FakeCupti&) = delete;

  Cupti cupti() const;

  // What the library answers.
  std::uint32_t version = CUPTI_API_VERSION;
  CUptiResult on_subscribe = CUPTI_SUCCESS;
  CUptiResult on_enable = CUPTI_SUCCESS; ///< of every kind of record
  CUptiResult on_flush = CUPTI_SUCCESS;
  std::size_t dropped = 0; ///< reported with the next buffer
  CUptiResult at_end_of_buffer = CUPTI_ERROR_MAX_LIMIT_REACHED;

  // What the program does.
  /// An API call that launches; returns its correlation id.
  std::uint32_t call(CUpti_CallbackDomain domain = CUPTI_CB_DOMAIN_RUNTIME_API);
  /// A kernel runs; `mangled` must live on.
  void kernel(const char* mangled, std::uint64_t start, std::uint64_t end,
              std::uint32_t correlation, std::uint64_t graph_node = 0);
  void memcpy(std::uint64_t start, std::uint64_t end, std::uint32_t correlation,
              std::uint64_t graph_node = 0);
  void memset(std::uint64_t start, std::uint64_t end, std::uint32_t correlation,
              std::uint64_t graph_node = 0);
  void capture(std::uint64_t node);                             ///< into a graph
  void instantiate(std::uint64_t node, std::uint64_t original); ///< a captured node

  bool is_subscribed() const { return callback_ != nullptr; }
  int buffers_out() const { return buffers_out_; } ///< given and not yet given back
  std::set<CUpti_ActivityKind> enabled;

 private:
  friend struct FakeFunctions;
  template <typename Record>
  void append(const Record& record);
  void deliver();

  CUpti_CallbackFunc callback_ = nullptr;
  void* callback_data_ = nullptr;
  std::set<std::pair<int, int>> callbacks_; ///< domain, id; -1: all of the domain
  CUpti_BuffersCallbackRequestFunc request_ = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete_ = nullptr;
  std::vector<std::uint8_t> records_; ///< that ran and were not delivered yet
  std::uint32_t next_correlation_ = 1;
  int buffers_out_ = 0;
};

} // namespace bench::profile
