#include <bench/models/denoise_loop.h>
#include <bench/models/registry.h>
#include <bench/workers/job.h>

#include <nlohmann/json.hpp>

namespace bench::workers {
namespace {

using Json = nlohmann::ordered_json;

std::string_view to_string(models::Guidance guidance) {
  switch (guidance) {
  case models::Guidance::embedded:
    return "embedded";
  case models::Guidance::plain:
    return "plain";
  case models::Guidance::token_norm:
    return "token_norm";
  case models::Guidance::bounded_norm:
    return "bounded_norm";
  }
  return {};
}

Json to_json(const scenario::ModelSpec& model) {
  return {{"name", model.name},
          {"width", model.width},
          {"height", model.height},
          {"picture_width", model.picture_width},
          {"picture_height", model.picture_height},
          {"batch", model.batch},
          {"text_tokens", model.text_tokens},
          {"dtype", scenario::to_string(model.dtype)},
          {"weights", model.weights},
          {"seed", model.seed},
          {"architecture", model.architecture}};
}

} // namespace

Job make_job(const scenario::LoopCase& loop, scenario::DeviceKind device) {
  const scenario::LoopSpec& spec = loop.spec;
  Json json{{"device", scenario::to_string(device)},
            {"loop",
             {{"name", loop.loop},
              {"steps", spec.steps},
              {"guidance", spec.guidance},
              {"negative_text_tokens", spec.negative_text_tokens},
              {"shift", spec.shift}}}};
  if (loop.model.name.empty())
    return {.text = json.dump()};

  const models::Outline outline = models::outline(loop.model);
  const models::Denoiser& network = *outline.network;
  const std::vector<float> sigmas = network.sigmas(spec.steps, spec.shift);
  std::vector<float> times;
  for (int i = 0; i < spec.steps; ++i)
    times.push_back(network.time_of(sigmas[static_cast<std::size_t>(i)]));
  Json parameters = Json::array();
  for (const models::RandomParameter& p : outline.parameters)
    parameters.push_back({p.name, p.shape, p.mean, p.deviation});
  Job job;
  job.flop_per_step = models::flop_per_step(network, loop.model, spec);
  job.forwards_per_step = models::forwards_per_step(network, spec);
  json["model"] = to_json(loop.model);
  json["inputs"] = {{"latents", network.latent_shape()},
                    {"caption_width", network.caption_width()},
                    {"pooled_width", network.pooled_width()},
                    {"picture", network.picture_shape()}};
  json["guidance"] = to_string(network.guidance());
  json["forwards_per_step"] = job.forwards_per_step;
  json["sigmas"] = sigmas;
  json["times"] = times;
  json["parameters"] = std::move(parameters);
  job.text = json.dump();
  return job;
}

} // namespace bench::workers
