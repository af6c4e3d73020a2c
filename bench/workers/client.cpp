#include <bench/base/error.h>
#include <bench/base/file.h>
#include <bench/workers/client.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace bench::workers {
namespace {

using Json = nlohmann::json;

// Seconds of a loop without a word of progress: who watches us takes silence for a hang.
constexpr double kQuiet = 10;

double number(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

/// [start_s, t_s, f_hz, slowest_f_hz, valid], as stamps.cpp gives them; null for what is no number.
std::vector<measure::Span> parse_spans(const Json& json) {
  std::vector<measure::Span> spans;
  for (const Json& one : json)
    spans.push_back({.start_s = number(one.at(0)),
                     .t_s = number(one.at(1)),
                     .f_hz = number(one.at(2)),
                     .slowest_f_hz = number(one.at(3)),
                     .valid = one.at(4).get<double>() != 0});
  return spans;
}

std::string text_at(const Json& texts, const Json& index) {
  return texts.at(index.get<std::size_t>()).get<std::string>();
}

/// Names and operators by their place in a list, since a step runs each many times.
profile::Records parse_records(const Json& json) {
  profile::Records records;
  for (const Json& row : json.at("rows"))
    records.push_back({.name = text_at(json.at("names"), row.at(0)),
                       .operation = text_at(json.at("operators"), row.at(1)),
                       .grid = row.at(2).get<std::array<std::int64_t, 3>>(),
                       .block = row.at(3).get<std::array<std::int64_t, 3>>(),
                       .registers = row.at(4).get<std::int64_t>(),
                       .shared_memory_bytes = row.at(5).get<std::int64_t>(),
                       .start_ns = row.at(6).get<std::uint64_t>(),
                       .end_ns = row.at(7).get<std::uint64_t>(),
                       .stream = row.at(8).get<std::uint32_t>(),
                       .in_graph = row.at(9).get<bool>()});
  std::ranges::stable_sort(records, {}, &profile::Record::start_ns);
  return records;
}

/// A file that is gone with this.
class ScratchFile {
 public:
  ScratchFile() {
    std::string name =
        (std::filesystem::temp_directory_path() / "bench-worker-latents-XXXXXX").string();
    const int descriptor = mkstemp(name.data());
    path_ = name;
    if (descriptor < 0)
      throw_write_error(path_, errno);
    close(descriptor);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

} // namespace

/// Says which worker it was in what `call` throws.
template <typename Call>
auto Client::named(const Call& call) const {
  try {
    return call();
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("worker {}: {}", launch_.name, e.what()));
  }
}

/// What `parse` makes of the line {KEY: ...}; shows meanwhile what the worker says that it does.
template <typename Answer>
auto Client::answer_line(std::string_view key, const Answer& parse) {
  return named([&] {
    for (;;) {
      const std::string line = process_->read(launch_.patience_s, [&](double waited_s) {
        if (!phase_.empty() || waited_s > kQuiet)
          progress_.phase(
              fmt::format("{} {:.0f} s", phase_.empty() ? "worker runs" : phase_, waited_s));
      });
      const auto rubbish = [&] {
        return InvalidError(
            fmt::format("writes what no worker writes where '{}' was due: '{:.80}'", key, line));
      };
      const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (!json.is_object() || json.empty())
        throw rubbish();
      try {
        if (const auto error = json.find("error"); error != json.end()) {
          if (json.value("unavailable", false))
            throw UnavailableError(error->get<std::string>());
          throw InvalidError(error->get<std::string>());
        }
        if (const auto phase = json.find("phase"); phase != json.end()) {
          phase_ = phase->get<std::string>();
          continue;
        }
        if (json.contains(key))
          return parse(json);
      } catch (const Json::exception&) { // a value of another type
      }
      throw rubbish();
    }
  });
}

/// What `parse` makes of the value of KEY.
template <typename Answer>
auto Client::answer(std::string_view key, const Answer& parse) {
  return answer_line(key, [&](const Json& line) { return parse(line.at(std::string(key))); });
}

Client::Client(Launch launch, measure::Progress& progress)
    : launch_(std::move(launch)), progress_(progress), phase_("worker starts") {
  named([&] { process_.emplace(launch_.argv, launch_.environment); });
  hello_ = answer("hello", [](const Json& json) {
    if (const int theirs = json.at("protocol").get<int>(); theirs != kProtocol)
      throw UnavailableError(
          fmt::format("it speaks protocol {}, this bench {}: take the bench_worker.py of this "
                      "bench",
                      theirs, kProtocol));
    const Json agrees = json.value("agrees", Json(false));
    const bool only_first = agrees == "first step";
    return Hello{.agrees = only_first || agrees.get<bool>(),
                 .agrees_later = !only_first && agrees.get<bool>(),
                 .versions = json.value("versions", std::map<std::string, std::string>())};
  });
}

const Ready& Client::load(std::string_view job) {
  phase_ = "worker loads";
  order(fmt::format("job {}", job));
  ready_ = answer("ready", [](const Json& json) {
    Ready ready{.steps = json.at("steps").get<int>(),
                .device_uuid = json.value("device_uuid", ""),
                .flop_per_step = {}};
    if (const auto flop = json.find("flop_per_step"); flop != json.end() && flop->is_number())
      ready.flop_per_step = flop->get<double>();
    if (ready.steps < 1)
      throw InvalidError(fmt::format("says that its loop has {} steps", ready.steps));
    return ready;
  });
  return ready_;
}

void Client::step(int index) {
  order(fmt::format("step {}", index));
}

void Client::mark() {
  order("mark");
  ++marks_;
}

std::vector<measure::Span> Client::take() {
  phase_.clear(); // the sampler says what is done
  order("take");
  std::vector<measure::Span> spans = answer_line("spans", [&](const Json& line) {
    const double enqueue_s = number(line.value("enqueue_s", Json()));
    enqueue_s_ = std::isnan(enqueue_s) ? std::nullopt : std::optional(enqueue_s);
    return parse_spans(line.at("spans"));
  });
  const auto expected = static_cast<std::size_t>(std::max(std::exchange(marks_, 0) - 1, 0));
  if (spans.size() != expected)
    throw InvalidError(fmt::format("worker {}: gives {} spans between the marks of {} steps",
                                   launch_.name, spans.size(), expected));
  return spans;
}

Output Client::output() {
  const ScratchFile file;
  order(fmt::format("latents {}", file.path().string()));
  return answer("latents", [&](const Json& json) {
    Output output;
    output.peak_memory_bytes = json.value("peak_memory_bytes", std::int64_t{0});
    output.shape = json.value("shape", std::vector<std::int64_t>());
    if (output.shape.empty())
      return output;
    output.bytes = read_file(file.path());
    std::size_t expected = sizeof(float);
    for (const std::int64_t size : output.shape)
      expected *= static_cast<std::size_t>(size);
    if (output.bytes.size() != expected)
      throw InvalidError(fmt::format("its latents are {} bytes, their shape says {}",
                                     output.bytes.size(), expected));
    return output;
  });
}

ProfiledSteps Client::profile(int steps) {
  phase_ = "worker profiles";
  order(fmt::format("profile {}", steps));
  return answer("profile", [&](const Json& json) {
    return ProfiledSteps{.source = json.at("source").get<std::string>(),
                         .records = parse_records(json),
                         .spans = parse_spans(json.at("spans"))};
  });
}

void Client::order(std::string_view line) {
  named([&] { process_->write(line, launch_.patience_s); });
}

} // namespace bench::workers
