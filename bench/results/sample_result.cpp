#include <bench/results/sample_result.h>

#include <cmath>

namespace bench::results {
namespace {

CaseResult loop_case() {
  CaseResult result;
  result.id = "zimage/loop/turbo-9/graph/aten";
  result.kind = "loop";
  result.hash = "0123456789abcdef";
  result.work_version = 2;
  result.parameters = {{"engine", "graph"}, {"steps", "9"}};
  result.gate_work = 0.002;
  result.replicates = {
      {.process = 4711,
       .started = "2026-03-01T12:00:05Z",
       .device_uuid = "GPU-6b1f2b3c-0d1e-4f50-8a9b-c0d1e2f30415",
       .seed = 18446744073709551615u,
       .machine = {{"before", {{"power_w", 690.5}}},
                   {"after", {{"power_w", 692.25}}},
                   {"clocks_events", {{"SwPowerCap", 0.75}}},
                   {"sampled", {{"power_w", 690.5}, {"temperature_c", 61}, {"readings", 4}}}},
       .samples = {.start_s = {0, 0.0931, 0.1862},
                   .t_s = {0.0931, 0.09309999999999999, 1.0 / 3},
                   .f_hz = {1.55e9, NAN, 1549876543.21},
                   .loop = {0, 0, 1},
                   .step = {0, 1, 0}},
       .trace = Trace{.t_s = {-0.001, 0.1, 0.2},
                      .power_w = {689.9, NAN, 691.1},
                      .sm_clock_hz = {1.545e9, 1.56e9, NAN},
                      .temperature_c = {60, NAN, 61},
                      .clocks_events = {4, 0, NAN}},
       .processes = {{.when = "before",
                      .pid = 4711,
                      .kind = "compute",
                      .name = "bench",
                      .memory_bytes = 13'631'488'000,
                      .foreign = false},
                     {.when = "after",
                      .pid = 815,
                      .kind = "graphics",
                      .name = "",
                      .memory_bytes = {},
                      .foreign = true}},
       .origin = 0},
      {.process = 4712,
       .started = "2026-03-01T12:00:25Z",
       .device_uuid = "GPU-6b1f2b3c-0d1e-4f50-8a9b-c0d1e2f30415",
       .seed = 7,
       .machine = {},
       .samples =
           {.start_s = {5e-324}, .t_s = {1e-9}, .f_hz = {1}, .loop = {2147483647}, .step = {8}}},
  };
  result.check = {.finite = true,
                  .checksum = "fedcba9876543210",
                  .rms = 0.1,
                  .max_abs_error = 7.8125e-3,
                  .max_ulp = 1.5,
                  .exact_share = 0.96875,
                  .step_error = 2.5e-3,
                  .psnr_db = 41.5};
  result.reference = {.copy_t_s = 1.642e-5, .matmul_flop_per_s = 6.5e14, .matmul_f_hz = 1.5e9};
  result.flop = 5.25e13;
  result.bytes = 6.4e7;
  result.launches = 1234;
  result.kernels = {{"void at::native::(anonymous namespace)::norm/fwd<c10::BFloat16>", 72}};
  result.peak_memory_bytes = 15'032'385'536;
  result.phases_s = {{"capture", 1.5}, {"warmup", 2.25}};
  result.profile = {.source = "CUPTI 13.0 activity",
                    .message = "2 records were dropped",
                    .samples = 9,
                    .sample_s = 0.09311,
                    .gaps_s = -1.5e-6,
                    .f_hz = 1.55e9,
                    .plain_sample_s = 0.0925,
                    .counters = Counters{.dram_read_bytes = 1.25e10,
                                         .dram_written_bytes = 4.5e9,
                                         .l2_hit_rate = 0.625,
                                         .tensor_utilization = 0.6875},
                    .counters_message = "no counters of 2 kernels",
                    .kernels = {{.name = "nvjet_sm90_tst_256x128_64x4_1x2_h_bz_coopA_TNT",
                                 .operation = "linear",
                                 .grid = {2, 66, 1},
                                 .block = {384, 1, 1},
                                 .registers = 168,
                                 .shared_memory_bytes = 230'000,
                                 .launches = 72,
                                 .total_s = 0.0931115,
                                 .median_s = 1.29e-3,
                                 .counters = Counters{.dram_read_bytes = 6.4e7,
                                                      .dram_written_bytes = 3.2e7,
                                                      .l2_hit_rate = 0.75,
                                                      .tensor_utilization = 0.875}}}};
  return result;
}

CaseResult kernel_case() {
  CaseResult result;
  result.id = "zimage/rms_norm/4128x3840.bf16/aten";
  result.kind = "kernel";
  result.hash = "00000000000000aa";
  result.status = CaseStatus::invalid;
  result.message = "output is not finite";
  result.replicates = {
      {.process = 0, .started = "", .device_uuid = "", .seed = 0, .machine = {}, .samples = {}}};
  result.check = {.finite = false,
                  .checksum = "",
                  .rms = NAN,
                  .max_abs_error = {},
                  .max_ulp = {},
                  .exact_share = {},
                  .step_error = {},
                  .psnr_db = {}};
  return result;
}

CaseResult failed_case() {
  CaseResult result;
  result.id = "zimage/loop/base-50/graph/aten";
  result.kind = "loop";
  result.hash = "00000000000000bb";
  result.status = CaseStatus::failed;
  result.message = "out of memory: 150 GiB wanted, 139 GiB there";
  return result;
}

} // namespace

Result sample_result() {
  Result result;
  result.tool_version = "0.1.0";
  result.git_sha = "de463f0c0ffee0000000000000000000000000aa";
  result.git_dirty = true;
  result.argv = {"bench", "run", "scenarios/zimage.yaml"};
  result.started = "2026-03-01T12:00:00Z";
  result.finished = "2026-03-01T12:01:15Z";
  result.interrupted = true;
  result.scenario = "zimage";
  result.scenario_file = "scenarios/zimage.yaml";
  result.scenario_text = "scenario: zimage\nmodel: {name: z_image} # \"6 B\", µ\n";
  result.overrides = {"loops.turbo-9.steps=4"};
  result.only = "turbo-9|rms_norm";
  result.profile = "gate";
  result.device = "cuda";
  result.machine = {
      {"driver", {{"version", "580.159"}}}, {"gpu", {{"name", "NVIDIA H200"}}}, {"host", {}}};
  result.settings = {{"torch", {{"allow_tf32", "false"}}}};
  result.origins = {{.git_sha = "0ddba11",
                     .git_dirty = true,
                     .profile = "full",
                     .machine = {{"driver", {{"version", "575.1"}}}},
                     .settings = {{"torch", {{"allow_tf32", "true"}}}}}};
  result.cases = {loop_case(), kernel_case(), failed_case()};
  result.phases_s = {{"start", 0.75}, {"weights", 12.5}};
  return result;
}

} // namespace bench::results
