#include <bench/replicate/request.h>

#include <nlohmann/json.hpp>

#include <utility>

namespace bench::replicate {

using Json = nlohmann::ordered_json;

std::string to_text(const Request& request) {
  Json injections = Json::array(), plugins = Json::array();
  for (const std::filesystem::path& plugin : request.plugins)
    plugins.push_back(plugin.string());
  for (const Injection& injection : request.arms.injections)
    injections.push_back(to_string(injection));
  return Json{{"scenario", request.scenario.string()},
              {"overrides", request.overrides},
              {"plugins", std::move(plugins)},
              {"profile", request.profile},
              {"cases", request.cases},
              {"seed", request.seed},
              {"flags", request.flags},
              {"save_latents", request.save_latents.string()},
              {"injections", std::move(injections)},
              {"only_injected", request.arms.only_injected},
              {"profile_kernels", request.profile_kernels},
              {"trace", request.trace.string()}}
      .dump();
}

Request parse_request(const std::string& text) {
  const Json json = Json::parse(text);
  Request request;
  request.scenario = json.at("scenario").get<std::string>();
  request.overrides = json.at("overrides").get<std::vector<std::string>>();
  for (const Json& plugin : json.value("plugins", Json::array())) // which an older bench lacks
    request.plugins.emplace_back(plugin.get<std::string>());
  request.profile = json.at("profile").get<std::string>();
  request.cases = json.at("cases").get<std::vector<std::string>>();
  request.seed = json.at("seed").get<std::uint64_t>();
  request.flags = json.at("flags").get<std::vector<std::string>>();
  request.arms.only_injected = json.value("only_injected", false); // older runners have no such key
  request.save_latents = json.value("save_latents", "");
  request.profile_kernels = json.value("profile_kernels", false);
  request.trace = json.value("trace", "");
  for (const Json& injection : json.at("injections"))
    request.arms.injections.push_back(parse_injection(injection.get<std::string>()));
  return request;
}

} // namespace bench::replicate
