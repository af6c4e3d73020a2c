#!/usr/bin/env python3
"""Path `fused`'s kernels of a matrix product and what follows it, against cuBLAS's product and the kernel behind it, at the power limit:

    python3 kernels/library/linear_speed.py [--operators lib/libbench_kernels.so] [--seconds 2] [swiglu:ROWSxINPUTSxHALF | qkv:ROWSxINPUTSxHEADS ...]

All run in turn for so many seconds each, on random normal numbers and two weights; the median of the rounds is printed, and of
the product alone. Default shapes: swiglu of Z-Image, FLUX.2-dev, FLUX.2 klein 4B and 9B, and q, k, v of Z-Image, at 1024x1024.
"""

import argparse
import statistics
from collections.abc import Callable

import torch

SHAPES = ["swiglu:4128x3840x10240", "swiglu:4608x6144x18432", "swiglu:4608x3072x9216", "swiglu:4608x4096x12288", "qkv:4128x3840x30"]
HEAD = 128
Arms = dict[str, Callable[[int], object]]


def draw(*sizes: int) -> torch.Tensor:
    return torch.randn(*sizes, device="cuda").bfloat16()


def swiglu_arms(rows: int, inputs: int, half: int) -> tuple[int, Arms]:
    """Outputs of the product, and what is timed."""
    x, fused = draw(rows, inputs), torch.ops.bench_fused
    weights = [draw(2 * half, inputs) * inputs**-0.5 for _ in range(2)]
    packed = torch.empty(rows, 2 * half, device="cuda", dtype=torch.bfloat16)
    return 2 * half, {
        "product": lambda i: torch.mm(x, weights[i % 2].t(), out=packed),
        "product, swiglu": lambda i: fused.swiglu(torch.mm(x, weights[i % 2].t(), out=packed)),
        "linear_swiglu": lambda i: fused.linear_swiglu(x, weights[i % 2]),
    }


def qkv_arms(rows: int, inputs: int, heads: int) -> tuple[int, Arms]:
    x, fused = draw(rows, inputs), torch.ops.bench_fused
    outputs = 3 * heads * HEAD
    weights = [draw(outputs, inputs) * inputs**-0.5 for _ in range(2)]
    packed = torch.empty(rows, outputs, device="cuda", dtype=torch.bfloat16)
    q, k, _ = packed.view(rows, 3, heads, HEAD).unbind(1)
    norms = [draw(HEAD), draw(HEAD)]
    angle = torch.rand(rows, HEAD // 2, device="cuda") * 6.3
    rotation = torch.polar(torch.ones_like(angle), angle)

    def behind(i: int) -> object:
        torch.mm(x, weights[i % 2].t(), out=packed)
        return fused.qk_rms_norm_rope(q, k, *norms, rotation, 1e-6)

    return outputs, {
        "product": lambda i: torch.mm(x, weights[i % 2].t(), out=packed),
        "product, qk_rms_norm_rope": behind,
        "linear_qkv_rms_norm_rope": lambda i: fused.linear_qkv_rms_norm_rope(x, weights[i % 2], None, *norms, rotation, 1e-6),
    }


def block(run: Callable[[int], object], seconds: float) -> float:
    """Microseconds a call; the first fifth of the time only warms."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def timed(count: int) -> float:
        begin.record()
        for i in range(count):
            run(i)
        end.record()
        end.synchronize()
        return begin.elapsed_time(end) * 1e3 / count

    each = timed(4)
    timed(max(1, int(seconds * 0.2e6 / each)))
    return timed(max(1, int(seconds * 0.8e6 / each)))


def measure(shape: str, seconds: float, rounds: int) -> None:
    kind, _, sizes = shape.partition(":")
    rows, inputs, last = map(int, sizes.split("x"))
    outputs, arms = {"swiglu": swiglu_arms, "qkv": qkv_arms}[kind](rows, inputs, last)
    times: dict[str, list[float]] = {name: [] for name in arms}
    block(arms["product"], seconds)
    for r in range(rounds):
        for name in sorted(arms, reverse=r % 2 == 1):
            times[name].append(block(arms[name], seconds))
    for name, all_times in times.items():
        us = statistics.median(all_times)
        spread = (max(all_times) - min(all_times)) / us
        print(f"{shape:24} {name:26} {us:8.1f} us  spread {spread:5.2%}  {2e-6 * rows * inputs * outputs / us:4.0f} TFLOP/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operators", default="lib/libbench_kernels.so")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("shapes", nargs="*", default=SHAPES)
    arguments = parser.parse_args()
    torch.ops.load_library(arguments.operators)
    print(torch.cuda.get_device_name(), torch.cuda.get_device_properties(0).uuid)
    for shape in arguments.shapes:
        measure(shape, arguments.seconds, arguments.rounds)


if __name__ == "__main__":
    main()
