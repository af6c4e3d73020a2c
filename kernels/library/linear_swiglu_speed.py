#!/usr/bin/env python3
"""linear_swiglu of path `fused` against a matrix product and a SwiGLU behind it, on this GPU, at the power limit:

    python3 kernels/library/linear_swiglu_speed.py [--operators lib/libbench_kernels.so] [--seconds 2] [ROWSxINPUTSxHALF...]

Both run in turn for so many seconds each, on random normal numbers and two weights; the median of the rounds is
printed, and of the product alone. Default shapes: Z-Image, FLUX.2-dev, FLUX.2 klein 4B and 9B at 1024x1024.
"""

import argparse
import statistics
from collections.abc import Callable

import torch

SHAPES = ["4128x3840x10240", "4608x6144x18432", "4608x3072x9216", "4608x4096x12288"]


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
    rows, inputs, half = map(int, shape.split("x"))

    def draw(n: int, k: int) -> torch.Tensor:
        return torch.randn(n, k, device="cuda").bfloat16()

    x = draw(rows, inputs)
    weights = [draw(2 * half, inputs) * inputs**-0.5 for _ in range(2)]
    packed = torch.empty(rows, 2 * half, device="cuda", dtype=torch.bfloat16)
    fused = torch.ops.bench_fused
    arms: dict[str, Callable[[int], object]] = {
        "product": lambda i: torch.mm(x, weights[i % 2].t(), out=packed),
        "product, swiglu": lambda i: fused.swiglu(torch.mm(x, weights[i % 2].t(), out=packed)),
        "linear_swiglu": lambda i: fused.linear_swiglu(x, weights[i % 2]),
    }
    times: dict[str, list[float]] = {name: [] for name in arms}
    block(arms["product"], seconds)
    for r in range(rounds):
        for name in sorted(arms, reverse=r % 2 == 1):
            times[name].append(block(arms[name], seconds))
    for name, all_times in times.items():
        us = statistics.median(all_times)
        spread = (max(all_times) - min(all_times)) / us
        print(f"{shape:18} {name:16} {us:8.1f} us  spread {spread:5.2%}  {4e-6 * rows * inputs * half / us:4.0f} TFLOP/s")


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
