"""bench's denoise loop (bench/models/denoise_loop.h) in Python: latents, schedule, captions and guidance around a network, out of
a job. With the network's parameters from the same job it computes what bench's own paths compute, and is held against them.
"""

from __future__ import annotations

import json
from pathlib import Path

import bench_worker
import torch

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


def normal(shape, seed, device):
    """Drawn on the CPU whatever the device, as bench draws its inputs."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(device)


def guided(kind, scale, with_caption, without):
    """One velocity of two; `kind` as bench/models/denoiser.h names them."""

    def ratio_of_lengths(dim):
        length = torch.linalg.vector_norm
        return length(with_caption, dim=dim, keepdim=True) / length(total, dim=dim, keepdim=True)

    if kind == "bounded_norm":
        total = with_caption + scale * (with_caption - without)
        return total * ratio_of_lengths(tuple(range(1, total.ndim))).clamp_max(1)  # of a whole image
    total = torch.lerp(without, with_caption, scale)
    return total if kind == "plain" else total * ratio_of_lengths(-1)


class Inputs:
    """What one forward of a step is given besides latents and time; None for what the network does not take."""

    def __init__(self, caption, pooled=None, guidance=None, picture=None):
        self.caption, self.pooled, self.guidance, self.picture = caption, pooled, guidance, picture


class DenoiseLoop(bench_worker.Loop):
    """A worker's class gives `make_network(job)` and `velocity(latents, time, inputs)`."""

    agrees = True

    def __init__(self, job):
        if job.model is None:
            raise ValueError("the job has no model: give the scenario one")
        shapes, seed = job.data["inputs"], job.model["seed"]
        self.job, self.device, self.dtype = job, torch.device(job.device), DTYPES[job.model["dtype"]]
        self.batch, self.scale, self.guidance = job.model["batch"], job.loop["guidance"], job.data["guidance"]

        def inputs(tokens, caption_seed, pooled_seed):
            embedded = self.guidance == "embedded"
            return Inputs(
                normal((tokens, shapes["caption_width"]), seed + caption_seed, self.device),
                normal((1, shapes["pooled_width"]), seed + pooled_seed, self.device) if shapes["pooled_width"] else None,
                torch.full((1,), self.scale, device=self.device) if embedded else None,
                normal(shapes["picture"], seed + 4, self.device) if shapes["picture"] else None,
            )

        self.inputs = [inputs(job.model["text_tokens"], 1, 3)]
        if job.data["forwards_per_step"] == 2:
            self.inputs.append(inputs(job.loop["negative_text_tokens"], 2, 5))
        self.noise = normal(shapes["latents"], seed, self.device)
        self.x = self.noise.clone()
        sigmas = torch.tensor(job.data["sigmas"])
        self.times = torch.tensor(job.data["times"]).to(self.device)
        self.distances = (sigmas[1:] - sigmas[:-1]).to(self.device)
        self.make_network(job)

    def make_network(self, job):
        raise NotImplementedError

    def velocity(self, latents, time, inputs):
        """Of latents in the model's type, at time [1] fp32."""
        raise NotImplementedError

    def begin(self):
        self.x.copy_(self.noise)

    def step(self, index):
        latents, time = self.x.to(self.dtype), self.times[index : index + 1]
        each = [self.velocity(latents, time, inputs).float() for inputs in self.inputs]
        velocity = each[0] if len(each) == 1 else guided(self.guidance, self.scale, *each)
        self.x.addcmul_(velocity, self.distances[index : index + 1])

    def latents(self):
        return self.x


def refuse_differences(wanted, present, what):
    for name in sorted(set(wanted) ^ set(present)):
        raise ValueError(f"parameter {name}: {'not in ' + what if name in wanted else 'in ' + what + ' only'}")


def fill(network, job):
    """Gives the network, whose parameters have the names of diffusers' class, the job's: random ones, or their signs, as bench draws
    them on the same device from the same seed, or those of a published folder."""
    present = dict(network.named_parameters())
    wanted = job.data["parameters"]
    refuse_differences([name for name, *_ in wanted], present, "diffusers' class")
    if job.model["weights"] not in ("random", "signs"):
        return load(present, Path(job.model["weights"]))
    generator = torch.Generator(job.device).manual_seed(job.model["seed"])
    for name, shape, mean, deviation in wanted:
        if list(present[name].shape) != shape:
            raise ValueError(f"parameter {name} has shape {list(present[name].shape)}, bench's {shape}")
        if job.model["weights"] == "signs":
            present[name].data.normal_(generator=generator).sign_().mul_(deviation).add_(mean)
        else:
            present[name].data.normal_(mean, deviation, generator=generator)


def load(present, weights):
    from safetensors import safe_open

    index = next(iter(weights.glob("*.safetensors.index.json")), None) if weights.is_dir() else None
    if index:
        files = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        files = [weights / name for name in files]
    else:
        files = sorted(weights.glob("*.safetensors")) if weights.is_dir() else [weights]
    read = set()
    for file in files:
        with safe_open(file, framework="pt", device=str(next(iter(present.values())).device)) as tensors:
            names = set(tensors.keys())
            refuse_differences(names & present.keys(), names, str(file))
            for name in names:
                present[name].data.copy_(tensors.get_tensor(name))
            read |= names
    refuse_differences(read, present, str(weights))
