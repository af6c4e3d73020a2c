#!/usr/bin/env python3
"""linear_swiglu of path `fused` against a matrix product and a SwiGLU behind it, on this GPU, at the power limit:

    python3 kernels/library/linear_swiglu_speed.py [--operators lib/libbench_kernels.so] [--seconds 2] [ROWSxINPUTSxHALF...]

Both run in turn for so many seconds each, on random normal numbers and two weights; the median of the rounds is
printed, and of the product alone. Default shapes: Z-Image, FLUX.2-dev, FLUX.2 klein 4B and 9B at 1024x1024.

Between every 16 calls lies one of bench's stamps. So the table also has the mean SM clock, and how steady a kernel is
at one clock: the standard deviation of 16 calls' log time around its line on the log clock, of the median SM and of the slowest.
"""

import argparse
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench" / "workers"))

from bench_worker import Stamps  # noqa: E402

SHAPES = ["4128x3840x10240", "4608x6144x18432", "4608x3072x9216", "4608x4096x12288"]


CALLS = 16  # between two stamps
Spans = list[list[float]]  # start_s, t_s, f_hz, slowest_f_hz, valid


def block(run: Callable[[int], object], seconds: float, stamps: Stamps) -> Spans:
    """The spans of CALLS calls; the first fifth of the time only warms."""

    def timed(spans: int) -> Spans:
        stamps.mark()
        for _ in range(spans):
            for i in range(CALLS):
                run(i)
            stamps.mark()
        torch.cuda.synchronize()
        return [span for span in stamps.take() if span[4]]

    each_s = timed(1)[0][1]
    timed(max(1, int(seconds * 0.2 / each_s)))
    return timed(max(3, int(seconds * 0.8 / each_s)))


def off_the_line(blocks: list[Spans], clock: int) -> float:
    """Standard deviation of log time around one line on the log of column `clock`, with a level for each block."""
    t_f = f_f = t_t = count = 0.0
    for spans in blocks:
        t, f = ([math.log(span[column]) for span in spans] for column in (1, clock))
        mean_t, mean_f = statistics.mean(t), statistics.mean(f)
        t_f += sum((a - mean_t) * (b - mean_f) for a, b in zip(t, f))
        f_f += sum((b - mean_f) ** 2 for b in f)
        t_t += sum((a - mean_t) ** 2 for a in t)
        count += len(spans) - 1
    return math.sqrt(max(0.0, t_t - t_f**2 / f_f) / (count - 1))


def measure(shape: str, seconds: float, rounds: int, stamps: Stamps) -> None:
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
    blocks: dict[str, list[Spans]] = {name: [] for name in arms}
    block(arms["product"], seconds, stamps)
    for r in range(rounds):
        for name in sorted(arms, reverse=r % 2 == 1):
            blocks[name].append(block(arms[name], seconds, stamps))
    for name, of_rounds in blocks.items():
        times = [statistics.mean(span[1] for span in spans) / CALLS * 1e6 for spans in of_rounds]
        clock = statistics.mean(span[2] for spans in of_rounds for span in spans)
        us = statistics.median(times)
        spread = (max(times) - min(times)) / us
        print(f"{shape:18} {name:16} {us:8.1f} us  spread {spread:5.2%}  {4e-6 * rows * inputs * half / us:4.0f} TFLOP/s"
              f"  {clock / 1e9:.3f} GHz  off the line {off_the_line(of_rounds, 2):.3%}, of the slowest SM {off_the_line(of_rounds, 3):.3%}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operators", default="lib/libbench_kernels.so")
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("shapes", nargs="*", default=SHAPES)
    arguments = parser.parse_args()
    torch.ops.load_library(arguments.operators)
    print(torch.cuda.get_device_name(), torch.cuda.get_device_properties(0).uuid)
    stamps = Stamps(cuda=True, stream=torch.cuda.current_stream().cuda_stream)
    for shape in arguments.shapes:
        measure(shape, arguments.seconds, arguments.rounds, stamps)


if __name__ == "__main__":
    main()
