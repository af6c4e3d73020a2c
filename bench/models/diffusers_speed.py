"""Time of one forward of diffusers' own class on this GPU, for comparison with a loop's ms/step.

    python3 bench/models/diffusers_speed.py [--compile]

Random bf16 weights, 1024x1024, 32 caption tokens, batch 1. Prints the median and the mean SM clock that NVML
reported meanwhile. Needs torch, diffusers and nvidia-ml-py.
"""

import argparse
import statistics
import time

import pynvml
import torch
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compile", action="store_true", help="torch.compile the forward first")
    parser.add_argument("--forwards", type=int, default=60)
    options = parser.parse_args()

    pynvml.nvmlInit()
    gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
    torch.manual_seed(0)
    with torch.device("meta"):
        model = ZImageTransformer2DModel()
    model = model.to(torch.bfloat16).to_empty(device="cuda").eval()
    for name, parameter in model.named_parameters():
        matrix = parameter.ndim == 2
        parameter.data.normal_(0 if matrix else 1, parameter.shape[-1] ** -0.5 if matrix else 0.1)
    latents = [torch.randn(16, 1, 128, 128, device="cuda", dtype=torch.bfloat16)]
    caption = [torch.randn(32, 2560, device="cuda", dtype=torch.bfloat16)]
    t = torch.tensor([0.5], device="cuda")
    forward = torch.compile(model) if options.compile else model

    with torch.inference_mode():
        started = time.time()
        forward(latents, t, caption, return_dict=False)
        torch.cuda.synchronize()
        first_s = time.time() - started
        for _ in range(20):
            forward(latents, t, caption, return_dict=False)
        marks = [torch.cuda.Event(enable_timing=True) for _ in range(options.forwards + 1)]
        clocks = []
        marks[0].record()
        for mark in marks[1:]:
            forward(latents, t, caption, return_dict=False)
            mark.record()
            clocks.append(pynvml.nvmlDeviceGetClockInfo(gpu, pynvml.NVML_CLOCK_SM))
        torch.cuda.synchronize()
    times = [a.elapsed_time(b) for a, b in zip(marks, marks[1:])]
    print(
        f"diffusers ZImageTransformer2DModel, {'torch.compile' if options.compile else 'eager'}: "
        f"{statistics.median(times):.2f} ms/forward (fastest {min(times):.2f}, slowest {max(times):.2f}), "
        f"SM clock {statistics.mean(clocks) / 1000:.3f} GHz by NVML, first call {first_s:.1f} s"
    )


if __name__ == "__main__":
    main()
