#!/usr/bin/env python3
"""Writes a model's parameters as a safetensors file, for `--set model.weights=FILE`: do random weights time as trained ones do?

    bench list jobs scenarios/zimage.yaml --profile full > jobs
    python3 bench/workers/shaped_weights.py jobs {random,zeros,power-law} FILE [--loop NAME]

random     what bench itself draws on this device from the job's seed: the same bytes
zeros      matrices, biases and tokens are 0, norms' weights 1
power-law  each matrix has the random one's size (Frobenius norm), but singular values that fall as k^-1/2, the heavy end of
           what is found in trained networks (Martin and Mahoney 2021: densities of eigenvalues fall with exponents from 2 to
           6, of which this is 2), and norms' weights spread over orders of magnitude as trained ones are (log-normal, one in
           256 ten times as large)
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import denoise
import torch

POWER = -0.5


class Bases:
    """Random orthonormal columns: one set for each shape, whose rows and signs are drawn anew for each use, which keeps them
    orthonormal and costs nothing."""

    def __init__(self, generator):
        self.generator, self.of_shape = generator, {}

    def draw(self, rows, columns):
        if (rows, columns) not in self.of_shape:
            normal = torch.randn(rows, columns, generator=self.generator, device=self.generator.device)
            self.of_shape[rows, columns] = torch.linalg.qr(normal).Q
        order = torch.randperm(rows, generator=self.generator, device=self.generator.device)
        signs = torch.randint(0, 2, (rows, 1), generator=self.generator, device=self.generator.device) * 2 - 1
        return self.of_shape[rows, columns][order] * signs


def power_law(value, mean, bases):
    """`value` with other singular values, or other spread, of the same size."""
    if value.ndim == 2 and min(value.shape) > 1:
        rank = min(value.shape)
        singular = torch.arange(1, rank + 1, device=value.device, dtype=torch.float32) ** POWER
        shaped = (bases.draw(value.shape[0], rank) * singular) @ bases.draw(value.shape[1], rank).T
        return shaped * (value.float().norm() / shaped.norm())
    if mean == 1:  # a norm's weight
        spread = torch.randn(value.shape, generator=bases.generator, device=value.device).mul(0.5).exp()
        spread.view(-1)[::256] *= 10
        return spread / spread.square().mean().sqrt()
    return value


def parameters(job, kind):
    """(name, tensor) of each, in the order in which one generator draws them."""
    device, dtype = torch.device(job["device"]), denoise.DTYPES[job["model"]["dtype"]]
    generator = torch.Generator(device).manual_seed(job["model"]["seed"])
    bases = Bases(torch.Generator(device).manual_seed(job["model"]["seed"] + 1))
    for name, shape, mean, deviation in job["parameters"]:
        value = torch.empty(shape, device=device, dtype=dtype).normal_(mean, deviation, generator=generator)
        if kind == "zeros":
            value.fill_(mean)
        elif kind == "power-law":
            value = power_law(value, mean, bases).to(dtype)
        yield name, value.cpu()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", help="what `bench list jobs` prints")
    parser.add_argument("kind", choices=["random", "zeros", "power-law"])
    parser.add_argument("file", help="to write, about as large as the model")
    parser.add_argument("--loop", help="whose model it is (default: the first's)")
    arguments = parser.parse_args()
    lines = map(json.loads, Path(arguments.jobs).read_text().splitlines())
    jobs = {job["loop"]["name"]: job for job in lines if "model" in job}
    job = jobs.get(arguments.loop or next(iter(jobs), None))
    if job is None:
        missing = f"no loop {arguments.loop}" if arguments.loop else "no loop with a model"
        parser.error(f"{arguments.jobs}: {missing}; there are: {', '.join(jobs) or 'none'}")
    from safetensors.torch import save_file

    save_file(dict(parameters(job, arguments.kind)), arguments.file)


if __name__ == "__main__":
    main()
