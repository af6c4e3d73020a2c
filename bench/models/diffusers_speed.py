"""Time of one forward of diffusers' own class on this GPU, for comparison with a loop's time a forward.

    python3 bench/models/diffusers_speed.py flux1 [--compile] [--at-ghz 1.58] [--out flux1.json]

Random bf16 weights, 1024x1024, batch 1, as many text tokens as the scenario of that model. Prints the median, the SM
clock that NVML showed meanwhile, and with --at-ghz the time at that clock, by a straight line of log time on log clock
through the forwards. --out keeps time and clock of each. Needs torch, diffusers and nvidia-ml-py.
"""

import argparse
import json
import math
import statistics
import sys
import threading
import time

import pynvml
import torch

SIDE = 1024 // 16  # tokens along a side
TOKENS = SIDE * SIDE


def normal(*shape, dtype=torch.bfloat16):
    return torch.randn(*shape, device="cuda", dtype=dtype)


def ids(*axes):
    return torch.cartesian_prod(*axes).cuda()


def z_image():
    from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel

    inputs = ([normal(16, 1, 128, 128)], torch.tensor([0.5], device="cuda"), [normal(32, 2560)])
    return ZImageTransformer2DModel, {}, (inputs, {})


def qwen_image(text=26, picture=False):
    from diffusers.models.transformers.transformer_qwenimage import QwenImageTransformer2DModel

    images = [(1, SIDE, SIDE)] * (2 if picture else 1)
    call = {
        "hidden_states": normal(1, TOKENS * len(images), 64), "encoder_hidden_states": normal(1, text, 3584),
        "timestep": torch.tensor([0.5], device="cuda"), "img_shapes": [images],
    }  # fmt: skip
    return QwenImageTransformer2DModel, {"zero_cond_t": picture}, ((), call)


def qwen_image_edit():
    return qwen_image(text=212, picture=True)


def flux1():
    from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel

    one, side = torch.arange(1), torch.arange(SIDE)
    call = {
        "hidden_states": normal(1, TOKENS, 64), "encoder_hidden_states": normal(1, 512, 4096),
        "pooled_projections": normal(1, 768), "timestep": torch.tensor([0.5], device="cuda"),
        "guidance": torch.tensor([4.0], device="cuda"), "img_ids": ids(one, side, side), "txt_ids": torch.zeros(512, 3).cuda(),
    }  # fmt: skip
    return FluxTransformer2DModel, {"guidance_embeds": True}, ((), call)


def flux2(text_width=15360, guidance=True, **numbers):
    from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel

    one, side = torch.arange(1), torch.arange(SIDE)
    call = {
        "hidden_states": normal(1, TOKENS, 128), "encoder_hidden_states": normal(1, 512, text_width),
        "timestep": torch.tensor([0.5], device="cuda"), "guidance": torch.tensor([4.0], device="cuda") if guidance else None,
        "img_ids": ids(one, side, side, one), "txt_ids": ids(one, one, one, torch.arange(512)),
    }  # fmt: skip
    return Flux2Transformer2DModel, {"guidance_embeds": guidance, "joint_attention_dim": text_width, **numbers}, ((), call)


def klein_4b():
    return flux2(7680, False, num_layers=5, num_single_layers=20, num_attention_heads=24)


def klein_9b():
    return flux2(12288, False, num_layers=8, num_single_layers=24, num_attention_heads=32)


MODELS = {f.__name__: f for f in (z_image, qwen_image, qwen_image_edit, flux1, flux2, klein_4b, klein_9b)}


class Clocks(threading.Thread):
    """What NVML shows as SM clock, every few milliseconds."""

    def __init__(self, gpu):
        super().__init__(daemon=True)
        self.gpu, self.seen, self.is_over = gpu, [], False
        self.start()

    def run(self):
        while not self.is_over:
            hz = pynvml.nvmlDeviceGetClockInfo(self.gpu, pynvml.NVML_CLOCK_SM) * 1e6
            self.seen.append((time.monotonic(), hz))
            time.sleep(0.004)

    def mean(self, begin, end):
        """Over a span; of a span too short to hold a reading, the nearest one."""
        within = [hz for when, hz in self.seen if begin <= when <= end]
        return statistics.mean(within) if within else min(self.seen, key=lambda one: abs(one[0] - (begin + end) / 2))[1]


def build(make, numbers):
    with torch.device("meta"):
        model = make(**numbers)
    model = model.to(torch.bfloat16).to_empty(device="cuda").eval()
    for _, parameter in model.named_parameters():
        matrix = parameter.ndim == 2
        parameter.data.normal_(0 if matrix else 1, parameter.shape[-1] ** -0.5 if matrix else 0.1)
    if hasattr(model, "pos_embed") and hasattr(model.pos_embed, "pos_freqs"):
        # Qwen-Image keeps its rotations as plain tensors, which have no values on the meta device.
        embed = type(model.pos_embed)
        model.pos_embed = embed(theta=10000, axes_dim=[16, 56, 56], scale_rope=True)
    return model


def measure(forward, arguments, keywords, gpu, forwards):
    def call():
        forward(*arguments, **keywords, return_dict=False)

    with torch.inference_mode():
        started = time.monotonic()
        call()
        torch.cuda.synchronize()
        first_s = time.monotonic() - started
        for _ in range(20):
            call()
        torch.cuda.synchronize()
        clocks = Clocks(gpu)
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(forwards + 1)]
        origin = time.monotonic()  # nothing is queued, so the first mark is passed at once
        marks[0].record()
        for mark in marks[1:]:
            call()
            mark.record()
        torch.cuda.synchronize()
        clocks.is_over = True
        clocks.join()
    ends = [marks[0].elapsed_time(mark) / 1000 for mark in marks]
    samples = [
        {"t_s": end - begin, "f_hz": clocks.mean(origin + begin, origin + end)} for begin, end in zip(ends, ends[1:])
    ]
    return first_s, samples


def time_at(samples, hz):
    """By least squares of log t on log f; the mean where the clock stood still."""
    x = [math.log(s["f_hz"]) for s in samples]
    y = [math.log(s["t_s"]) for s in samples]
    mx, my = statistics.mean(x), statistics.mean(y)
    spread = sum((v - mx) ** 2 for v in x)
    slope = sum((u - mx) * (v - my) for u, v in zip(x, y)) / spread if spread > 1e-12 else 0.0
    return math.exp(my + slope * (math.log(hz) - mx)), slope


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="z_image", choices=MODELS)
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward first")
    parser.add_argument("--forwards", type=int, default=60)
    parser.add_argument("--at-ghz", type=float, help="also the time at this SM clock")
    parser.add_argument("--out", help="keep every forward's time and clock, as JSON")
    options = parser.parse_args()

    pynvml.nvmlInit()
    torch.manual_seed(0)
    make, numbers, (arguments, keywords) = MODELS[options.model]()
    model = build(make, numbers)
    name = torch.cuda.get_device_properties(0)
    gpu = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{name.uuid}")
    first_s, samples = measure(
        torch.compile(model) if options.compile else model, arguments, keywords, gpu, options.forwards
    )  # fmt: skip

    times = [s["t_s"] * 1000 for s in samples]
    how = "torch.compile" if options.compile else "eager"
    print(
        f"diffusers {make.__name__} as {options.model}, {how}: {statistics.median(times):.2f} ms/forward (fastest "
        f"{min(times):.2f}, slowest {max(times):.2f}), SM clock {statistics.mean(s['f_hz'] for s in samples) * 1e-9:.3f} GHz "
        f"by NVML, first call {first_s:.1f} s, GPU-{str(name.uuid)[:8]}"
    )
    if options.at_ghz:
        t, slope = time_at(samples, options.at_ghz * 1e9)
        print(f"at {options.at_ghz} GHz: {t * 1000:.2f} ms/forward (slope {slope:.2f})")
    if options.out:
        with open(options.out, "w") as file:
            json.dump({"model": options.model, "how": how, "torch": torch.__version__, "samples": samples}, file)
    return 0


if __name__ == "__main__":
    sys.exit(main())
