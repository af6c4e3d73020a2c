"""diffusers' own classes of the models that bench knows, as a worker: the same weights, inputs, schedule and guidance.

    python3 bench/workers/diffusers_worker.py [--compile [blocks]] [--mode MODE]

--compile compiles the network's forward (torch.compile, static shapes), --compile blocks only the blocks that it repeats,
each kind once (diffusers' compile_repeated_blocks), which takes a fraction of the time; --mode is torch.compile's. A step is
the forward, or two with classifier-free guidance, and the Euler update of fp32 latents, as in bench's own loop: pipelines do
more between steps, and some keep bf16 there.
"""

from __future__ import annotations

import argparse
import importlib

import bench_worker
import denoise
import torch


def position_ids(device, *axes):
    return torch.cartesian_prod(*(torch.arange(n) for n in axes)).to(device)


class ZImage:
    module, name = "transformer_z_image", "ZImageTransformer2DModel"

    @staticmethod
    def numbers(a):
        width = a["head_width"]
        return {
            "dim": a["heads"] * width, "n_layers": a["layers"], "n_refiner_layers": a["refiner_layers"], "n_heads": a["heads"],
            "n_kv_heads": a["heads"], "cap_feat_dim": a["caption_width"], "axes_dims": [width // 4, width * 3 // 8, width * 3 // 8],
        }  # fmt: skip

    def __init__(self, loop, inputs):
        self.captions = [inputs.caption] * loop.batch  # it takes them in fp32
        self.batch = loop.batch

    def __call__(self, network, latents, time):
        images = list(latents.unsqueeze(2).unbind(0))
        predicted = network(images, time.expand(self.batch), self.captions, return_dict=False)[0]
        return -torch.stack(predicted).squeeze(2)  # the pipeline negates it too


class Joint:
    """What those have in common whose latents are rows of tokens."""

    @staticmethod
    def numbers(a):
        return {
            "num_layers": a["layers"], "num_attention_heads": a["heads"], "attention_head_dim": a["head_width"],
            "joint_attention_dim": a["caption_width"],
        }  # fmt: skip

    def __init__(self, loop, inputs):
        model = loop.job.model
        self.batch, self.rows, self.columns = loop.batch, model["height"] // 16, model["width"] // 16
        caption = inputs.caption.to(loop.dtype).unsqueeze(0).expand(self.batch, -1, -1)
        self.fixed = {"encoder_hidden_states": caption, "return_dict": False}

    def __call__(self, network, latents, time):
        return network(hidden_states=latents, timestep=time.expand(self.batch), **self.fixed)[0]


class QwenImage(Joint):
    module, name = "transformer_qwenimage", "QwenImageTransformer2DModel"

    @staticmethod
    def numbers(a):
        width = a["head_width"]
        return Joint.numbers(a) | {
            "axes_dims_rope": (width // 8, width * 7 // 16, width * 7 // 16), "zero_cond_t": bool(a.get("zero_cond_t", 0)),
        }  # fmt: skip

    def __init__(self, loop, inputs):
        super().__init__(loop, inputs)
        shapes, self.picture = [(1, self.rows, self.columns)], None
        if inputs.picture is not None:
            self.picture = inputs.picture.to(loop.dtype).unsqueeze(0).expand(self.batch, -1, -1)
            shapes.append((1, loop.job.model["picture_height"] // 16, loop.job.model["picture_width"] // 16))
        self.fixed["img_shapes"] = [shapes] * self.batch

    def __call__(self, network, latents, time):
        if self.picture is None:
            return super().__call__(network, latents, time)
        return super().__call__(network, torch.cat([latents, self.picture], 1), time)[:, : latents.shape[1]]


class Flux(Joint):
    """What FLUX.1 and FLUX.2 have in common."""

    @staticmethod
    def numbers(a):
        return Joint.numbers(a) | {"num_single_layers": a["single_layers"], "guidance_embeds": bool(a["guidance_embeds"])}

    def __init__(self, loop, inputs):
        super().__init__(loop, inputs)
        self.fixed["guidance"] = None if inputs.guidance is None else inputs.guidance.expand(self.batch)


class Flux1(Flux):
    module, name = "transformer_flux", "FluxTransformer2DModel"

    @staticmethod
    def numbers(a):
        width = a["head_width"]
        axes = (width // 8, width * 7 // 16, width * 7 // 16)
        return Flux.numbers(a) | {"pooled_projection_dim": a["pooled_width"], "axes_dims_rope": axes}

    def __init__(self, loop, inputs):
        super().__init__(loop, inputs)
        self.fixed |= {
            "pooled_projections": inputs.pooled.to(loop.dtype).expand(self.batch, -1),
            "img_ids": position_ids(loop.device, 1, self.rows, self.columns),
            "txt_ids": torch.zeros(len(inputs.caption), 3, device=loop.device),
        }


class Flux2(Flux):
    module, name = "transformer_flux2", "Flux2Transformer2DModel"

    @staticmethod
    def numbers(a):
        return Flux.numbers(a) | {"axes_dims_rope": (a["head_width"] // 4,) * 4}

    def __init__(self, loop, inputs):
        super().__init__(loop, inputs)
        self.fixed |= {
            "img_ids": position_ids(loop.device, 1, self.rows, self.columns, 1),
            "txt_ids": position_ids(loop.device, 1, 1, 1, len(inputs.caption)),
        }


FAMILIES = {"z_image": ZImage, "qwen_image": QwenImage, "qwen_image_edit": QwenImage, "flux1": Flux1, "flux2": Flux2}


def build(family, job, dtype):
    """The class's network with the job's parameters, none of which it initialises by itself."""
    module = importlib.import_module(f"diffusers.models.transformers.{family.module}")
    numbers = family.numbers(job.model["architecture"])
    with torch.device("meta"):
        network = getattr(module, family.name)(**numbers)
    network = network.to(dtype).to_empty(device=job.device).eval().requires_grad_(False)
    if family is QwenImage:  # its rotations are plain tensors, which the meta device leaves without values
        network.pos_embed = type(network.pos_embed)(theta=10000, axes_dim=list(numbers["axes_dims_rope"]), scale_rope=True)
    for name, part in network.named_modules():
        for key in [*part._buffers, *(key for key, value in vars(part).items() if isinstance(value, torch.Tensor))]:
            if key in part._buffers or vars(part)[key].is_meta:
                raise RuntimeError(f"this diffusers keeps {family.name}.{name}.{key}, to which nobody gives a value: mend build()")
    denoise.fill(network, job)
    return network


class DiffusersLoop(denoise.DenoiseLoop):
    options = argparse.Namespace(compile=None, mode=None)

    def make_network(self, job):
        family = FAMILIES.get(job.model["name"])
        if family is None:
            raise bench_worker.Unavailable(f"no class for model {job.model['name']}; there are {', '.join(FAMILIES)}")
        self.network = build(family, job, self.dtype)
        if self.options.compile == "blocks":
            self.network.compile_repeated_blocks(dynamic=False, mode=self.options.mode)
        elif self.options.compile:
            self.network = torch.compile(self.network, dynamic=False, mode=self.options.mode)
        self.calls = {id(inputs): family(self, inputs) for inputs in self.inputs}

    def velocity(self, latents, time, inputs):
        return self.calls[id(inputs)](self.network, latents, time)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = {"const": "whole", "choices": ["whole", "blocks"]}
    parser.add_argument("--compile", nargs="?", **what, help="torch.compile the forward, or its blocks")
    parser.add_argument("--mode", help="torch.compile's: max-autotune, reduce-overhead, ...")
    parser.add_argument("--try", metavar="JOB", help="run a job by hand, without bench")
    DiffusersLoop.options = parser.parse_args()
    if DiffusersLoop.options.compile == "whole":
        # The class rounds a step's time to bf16 in between, which a compiled forward no longer does: it is at another time then.
        # All round the first one alike, which is 1.
        DiffusersLoop.agrees = "first step"
    bench_worker.serve(DiffusersLoop, libraries=["diffusers", "triton"])


if __name__ == "__main__":
    main()
