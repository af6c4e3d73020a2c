"""Our networks against diffusers' classes of the same name, on the same tiny random weights, block by block.

Run by CTest; by hand: pytest bench/models/diffusers_test.py --forward-once build/cpu/bin/forward_once
"""

import json
import subprocess
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from diffusers.models.transformers.transformer_flux import FluxTransformer2DModel
from diffusers.models.transformers.transformer_flux2 import Flux2Transformer2DModel
from diffusers.models.transformers.transformer_qwenimage import QwenImageTransformer2DModel
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from safetensors.torch import save_file

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@pytest.fixture(scope="session")
def forward_once(request):
    return request.config.getoption("--forward-once")


@dataclass
class Case:
    """A family at a tiny size: diffusers' class, what it is given, and what ours is called with."""

    name: str
    make: object  # -> diffusers' model
    call: object  # (model, inputs in the model's type, case) -> its prediction, [tokens, channels] or [C, H, W]
    latents: tuple
    caption: tuple
    width: int
    height: int
    numbers: dict
    pooled: int = 0
    guidance: float | None = None
    picture: tuple = (0, 0)  # pixels, width and height
    block_slack: float = 1  # of the bound, for single blocks

    def grid(self):
        return self.height // 16, self.width // 16

    def inputs(self):
        generator = torch.Generator().manual_seed(2)

        def normal(*shape):
            return torch.randn(*shape, generator=generator)

        made = {"latents": normal(*self.latents), "time": torch.tensor([0.3]), "caption": normal(*self.caption)}
        if self.pooled:
            made["pooled"] = normal(1, self.pooled)
        if self.guidance is not None:
            made["guidance"] = torch.tensor([self.guidance])
        if self.picture[0]:
            made["picture"] = normal(self.picture[0] // 16 * (self.picture[1] // 16), self.latents[1])
        return made


def randomise(model):
    """Weights that let every part matter, on a network with every kind of block, two of each."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2 and not name.endswith("pad_token"):
            # Small gates, as trained networks have: blocks then correct the residual instead of replacing it.
            modulates = any(part in name for part in ("adaLN_modulation", "_mod.1", "norm1", ".norm.linear", "modulation"))
            torch.nn.init.normal_(parameter, std=(0.3 if modulates else 1) * parameter.shape[1] ** -0.5)
        elif name.endswith("weight"):
            torch.nn.init.normal_(parameter, mean=1, std=0.1)
        else:
            torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def call_z_image(model, inputs, case):
    # It takes the caption in fp32; the pipeline negates what the network predicts.
    latents = [inputs["latents"].unsqueeze(1)]
    return -model(latents, torch.tensor([0.3]), [inputs["caption"].float()], return_dict=False)[0][0].squeeze(1)


def call_qwen_image(model, inputs, case):
    tokens = inputs["latents"].unsqueeze(0)
    shapes = [(1, *case.grid())]
    if "picture" in inputs:
        tokens = torch.cat([tokens, inputs["picture"].unsqueeze(0)], 1)
        shapes.append((1, case.picture[1] // 16, case.picture[0] // 16))
    prediction = model(
        hidden_states=tokens, encoder_hidden_states=inputs["caption"].unsqueeze(0), timestep=inputs["time"],
        img_shapes=[shapes], return_dict=False,
    )[0][0]  # fmt: skip
    return prediction[: len(inputs["latents"])]


def call_flux1(model, inputs, case):
    rows, columns = case.grid()
    ids = torch.cartesian_prod(torch.arange(1), torch.arange(rows), torch.arange(columns))
    return model(
        hidden_states=inputs["latents"].unsqueeze(0), encoder_hidden_states=inputs["caption"].unsqueeze(0),
        pooled_projections=inputs["pooled"], timestep=inputs["time"], img_ids=ids,
        txt_ids=torch.zeros(len(inputs["caption"]), 3), guidance=inputs.get("guidance"), return_dict=False,
    )[0][0]  # fmt: skip


def call_flux2(model, inputs, case):
    rows, columns = case.grid()
    zero = torch.arange(1)
    return model(
        hidden_states=inputs["latents"].unsqueeze(0), encoder_hidden_states=inputs["caption"].unsqueeze(0),
        timestep=inputs["time"], img_ids=torch.cartesian_prod(zero, torch.arange(rows), torch.arange(columns), zero),
        txt_ids=torch.cartesian_prod(zero, zero, zero, torch.arange(len(inputs["caption"]))),
        guidance=inputs.get("guidance"), return_dict=False,
    )[0][0]  # fmt: skip


def z_image(width, height, tokens):
    return Case(
        name="z_image",
        make=lambda: ZImageTransformer2DModel(
            dim=128, n_layers=2, n_refiner_layers=2, n_heads=2, n_kv_heads=2, cap_feat_dim=96, axes_dims=[16, 24, 24]
        ),
        call=call_z_image,
        latents=(16, height // 8, width // 8), caption=(tokens, 96), width=width, height=height,
        numbers={"layers": 2, "refiner_layers": 2, "heads": 2, "head_width": 64, "caption_width": 96},
        block_slack=2,  # its caption's blocks are not gated: in bf16 diffusers' own are 1.8e-2 from those in fp32
    )  # fmt: skip


def qwen_image(width, height, tokens, picture=(0, 0), zero_cond_t=False):
    numbers = {"layers": 2, "heads": 2, "head_width": 64, "caption_width": 96}
    if picture[0]:
        numbers["zero_cond_t"] = int(zero_cond_t)
    return Case(
        name="qwen_image_edit" if picture[0] else "qwen_image",
        make=lambda: QwenImageTransformer2DModel(
            num_layers=2, attention_head_dim=64, num_attention_heads=2, joint_attention_dim=96,
            axes_dims_rope=(8, 28, 28), zero_cond_t=zero_cond_t,
        ),
        call=call_qwen_image,
        latents=(width // 16 * (height // 16), 64), caption=(tokens, 96), width=width, height=height,
        numbers=numbers, picture=picture,
    )  # fmt: skip


def flux1(width, height, tokens, guidance):
    return Case(
        name="flux1",
        make=lambda: FluxTransformer2DModel(
            num_layers=2, num_single_layers=2, attention_head_dim=64, num_attention_heads=2, joint_attention_dim=96,
            pooled_projection_dim=40, guidance_embeds=guidance is not None, axes_dims_rope=(8, 28, 28),
        ),
        call=call_flux1,
        latents=(width // 16 * (height // 16), 64), caption=(tokens, 96), width=width, height=height,
        numbers={"layers": 2, "single_layers": 2, "heads": 2, "head_width": 64, "caption_width": 96, "pooled_width": 40,
                 "guidance_embeds": int(guidance is not None)},
        pooled=40, guidance=guidance,
    )  # fmt: skip


def flux2(width, height, tokens, guidance):
    return Case(
        name="flux2",
        make=lambda: Flux2Transformer2DModel(
            num_layers=2, num_single_layers=2, attention_head_dim=64, num_attention_heads=2, joint_attention_dim=96,
            guidance_embeds=guidance is not None, axes_dims_rope=(16, 16, 16, 16),
        ),
        call=call_flux2,
        latents=(width // 16 * (height // 16), 128), caption=(tokens, 96), width=width, height=height,
        numbers={"layers": 2, "single_layers": 2, "heads": 2, "head_width": 64, "caption_width": 96,
                 "guidance_embeds": int(guidance is not None)},
        guidance=guidance,
    )  # fmt: skip


CASES = {
    # Tokens that fill the multiple of 32 that both streams of Z-Image are padded to, and some that need padding.
    "z_image full": z_image(128, 128, 32),
    "z_image padded": z_image(96, 112, 21),
    "qwen_image": qwen_image(96, 112, 13),
    "qwen_image even": qwen_image(128, 64, 6),
    "qwen_image_edit 2511": qwen_image(96, 112, 13, (64, 48), zero_cond_t=True),
    "qwen_image_edit 2509": qwen_image(64, 64, 13, (112, 96)),
    "flux1 dev": flux1(96, 112, 21, 3.5),
    "flux1 schnell": flux1(128, 64, 16, None),
    "flux2 dev": flux2(96, 112, 21, 4.0),
    "flux2 klein": flux2(128, 64, 16, None),
}


@dataclass
class Recorder:
    """What diffusers' blocks return, under the names that ours are shown with."""

    image_tokens: int
    shown: dict = field(default_factory=dict)

    def attach(self, model):
        for name, module in model.named_modules():
            parent, _, index = name.rpartition(".")
            if parent in ("transformer_blocks", "single_transformer_blocks") and index.isdigit():
                module.register_forward_hook(lambda _, __, output, name=name: self.record(name, output))
            elif parent in ("noise_refiner", "context_refiner", "layers") and index.isdigit():
                module.register_forward_hook(lambda _, __, output, name=name: self.add(name, output[0]))

    def record(self, name, output):
        if isinstance(output, torch.Tensor):  # FLUX.2's single blocks: text and image in one
            self.add(f"{name}.image", output[0][-self.image_tokens :])
            return
        text, image = output
        if name.startswith("transformer_blocks"):
            self.add(f"{name}.text", text[0])
        self.add(f"{name}.image", image[0])

    def add(self, name, tensor):
        self.shown[name] = tensor.float().numpy()


def relative_error(ours, theirs):
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def run(forward_once, folder, case, dtype, path):
    (folder / "out").mkdir()
    return subprocess.run(
        [forward_once, folder / "weights.safetensors", folder / "inputs.safetensors", folder / "out", case.name, dtype,
         f"{case.width}x{case.height}", "{}x{}".format(*case.picture), path,
         *(f"{key}={value}" for key, value in case.numbers.items())],
        capture_output=True, text=True,
    )  # fmt: skip


def read(folder, name):
    return np.fromfile(folder / "out" / name, dtype=np.float32)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("path", ["decomposed", "aten"])
@pytest.mark.parametrize("dtype,bound", [("fp32", 1e-5), ("bf16", 1e-2)])
def test_agrees(forward_once, tmp_path, name, path, dtype, bound):
    case = CASES[name]
    model = randomise(case.make()).to(DTYPES[dtype])
    inputs = case.inputs()
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    save_file(inputs, tmp_path / "inputs.safetensors")

    recorder = Recorder(len(inputs["latents"]))
    recorder.attach(model)
    with torch.inference_mode():
        keep = ("time", "guidance")
        cast = {key: value if key in keep else value.to(DTYPES[dtype]) for key, value in inputs.items()}
        theirs = case.call(model, cast, case).float().numpy()

    done = run(forward_once, tmp_path, case, dtype, path)
    assert done.returncode == 0, done.stderr
    ours = {file.name: read(tmp_path, file.name) for file in (tmp_path / "out").iterdir()}
    if case.picture[0] and case.numbers["zero_cond_t"]:  # ours keeps the picture apart, diffusers behind the image
        for key in [key for key in ours if key.endswith(".picture")]:
            image = key.replace(".picture", ".image")
            ours[image] = np.concatenate([ours[image], ours.pop(key)])
    velocity = ours.pop("velocity")
    assert sorted(ours) == sorted(recorder.shown), "the blocks that were compared"
    for block, expected in recorder.shown.items():  # in the order in which they ran
        error = relative_error(ours[block], expected.ravel())
        assert error <= bound * case.block_slack, f"{block}: relative error {error:.1e}"
    assert np.isfinite(velocity).all()
    assert relative_error(velocity, theirs.ravel()) <= bound


@pytest.mark.parametrize(
    "name,parameter",
    [
        ("z_image full", "layers.1.ffn_norm2.weight"),
        ("qwen_image", "transformer_blocks.1.txt_mod.1.bias"),
        ("flux1 dev", "single_transformer_blocks.0.attn.norm_k.weight"),
        ("flux2 klein", "double_stream_modulation_txt.linear.weight"),
    ],
)
@pytest.mark.parametrize("is_missing", [True, False], ids=["missing", "extra"])
def test_every_parameter_is_accounted_for(forward_once, tmp_path, name, parameter, is_missing):
    case = CASES[name]
    state = dict(case.make().state_dict())
    taken = state.pop(parameter)
    if not is_missing:
        state[parameter] = taken
        parameter += ".extra"
        state[parameter] = taken.clone()
    save_file(state, tmp_path / "weights.safetensors")
    save_file(case.inputs(), tmp_path / "inputs.safetensors")
    done = run(forward_once, tmp_path, case, "fp32", "aten")
    assert done.returncode == 1
    assert parameter in done.stderr


def save_shards(state, folder):
    """As diffusers publishes: several files and an index."""
    folder.mkdir()
    names = sorted(state)
    shards = {"a-1-of-2.safetensors": names[::2], "a-2-of-2.safetensors": names[1::2]}
    for file, part in shards.items():
        save_file({name: state[name].contiguous() for name in part}, folder / file)
    index = {"metadata": {}, "weight_map": {name: file for file, part in shards.items() for name in part}}
    (folder / "a.safetensors.index.json").write_text(json.dumps(index))


def with_folder(forward_once, tmp_path, state):
    case = CASES["flux2 klein"]
    save_file(case.inputs(), tmp_path / "inputs.safetensors")
    save_shards(state, tmp_path / "weights.safetensors")
    return run(forward_once, tmp_path, case, "bf16", "aten")


def test_a_published_folder_is_the_same_as_one_file(forward_once, tmp_path):
    case = CASES["flux2 klein"]
    state = randomise(case.make()).to(torch.bfloat16).state_dict()
    (tmp_path / "one").mkdir()
    save_file(state, tmp_path / "one" / "weights.safetensors")
    save_file(case.inputs(), tmp_path / "one" / "inputs.safetensors")
    assert run(forward_once, tmp_path / "one", case, "bf16", "aten").returncode == 0
    done = with_folder(forward_once, tmp_path, state)
    assert done.returncode == 0, done.stderr
    assert (read(tmp_path, "velocity") == read(tmp_path / "one", "velocity")).all()


def test_a_folder_at_odds_with_its_index_is_refused(forward_once, tmp_path):
    state = randomise(CASES["flux2 klein"].make()).state_dict()
    name = "proj_out.weight"

    def refusal(folder, break_it):
        folder.mkdir()
        save_shards(state, folder / "probe")
        index = folder / "probe" / "a.safetensors.index.json"
        break_it(folder / "probe", index)
        save_file(CASES["flux2 klein"].inputs(), folder / "inputs.safetensors")
        (folder / "probe").rename(folder / "weights.safetensors")
        done = run(forward_once, folder, CASES["flux2 klein"], "fp32", "aten")
        assert done.returncode == 1
        return done.stderr

    def rename_in_index(_, index):
        index.write_text(index.read_text().replace(f'"{name}"', '"no.such.weight"'))

    def move_in_index(_, index):
        text = json.loads(index.read_text())
        place = text["weight_map"][name]
        text["weight_map"][name] = {"a-1-of-2.safetensors": "a-2-of-2.safetensors"}.get(place, "a-1-of-2.safetensors")
        index.write_text(json.dumps(text))

    assert "'no.such.weight', and it does not" in refusal(tmp_path / "renamed", rename_in_index)
    assert f"'{name}', and it does not" in refusal(tmp_path / "moved", move_in_index)
    gone = refusal(tmp_path / "gone", lambda folder, _: (folder / "a-2-of-2.safetensors").unlink())
    assert "a-2-of-2.safetensors: cannot be read" in gone
    assert "is no index" in refusal(tmp_path / "rubbish", lambda _, index: index.write_text("{"))
    assert "holds several files" in refusal(tmp_path / "bare", lambda _, index: index.unlink())
    empty = refusal(tmp_path / "empty", lambda folder, _: [file.unlink() for file in folder.iterdir()])
    assert "holds no .safetensors file" in empty
