"""Our networks against diffusers' classes of the same name, on the same tiny random weights.

Run by CTest; by hand: pytest bench/models/diffusers_test.py --forward-once build/cpu/bin/forward_once
"""

import subprocess

import numpy as np
import pytest
import torch
from diffusers.models.transformers.transformer_z_image import ZImageTransformer2DModel
from safetensors.torch import save_file


@pytest.fixture(scope="session")
def forward_once(request):
    return request.config.getoption("--forward-once")


def tiny_z_image(dtype):
    """A network with every kind of block, two of each, and weights that let every part matter."""
    torch.manual_seed(1)
    model = ZImageTransformer2DModel(
        dim=128, n_layers=2, n_refiner_layers=2, n_heads=2, n_kv_heads=2, cap_feat_dim=96, axes_dims=[16, 24, 24]
    )
    for name, parameter in model.named_parameters():
        if parameter.ndim == 2 and not name.endswith("pad_token"):
            # Small gates, as trained networks have: blocks then correct the residual instead of replacing it.
            gain = 0.3 if "adaLN_modulation" in name else 1
            torch.nn.init.normal_(parameter, std=gain * parameter.shape[1] ** -0.5)
        elif name.endswith("weight"):
            torch.nn.init.normal_(parameter, mean=1, std=0.1)
        else:
            torch.nn.init.normal_(parameter, std=0.1)
    return model.to(dtype).eval()


def relative_error(ours, theirs):
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


# Sizes: one whose tokens fill the multiple of 32 that both streams are padded to, and one that needs padding.
@pytest.mark.parametrize("width,height,tokens", [(128, 128, 32), (96, 112, 21)])
@pytest.mark.parametrize("path", ["decomposed", "aten"])
@pytest.mark.parametrize("dtype,bound", [("fp32", 1e-5), ("bf16", 1e-2)])
def test_z_image(forward_once, tmp_path, width, height, tokens, path, dtype, bound):
    torch_dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype]
    model = tiny_z_image(torch_dtype)
    generator = torch.Generator().manual_seed(2)
    latents = torch.randn(16, height // 8, width // 8, generator=generator)
    caption = torch.randn(tokens, 96, generator=generator)
    time = torch.tensor([0.3])
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    save_file({"latents": latents, "time": time, "caption": caption}, tmp_path / "inputs.safetensors")

    with torch.inference_mode():
        theirs = model([latents.to(torch_dtype).unsqueeze(1)], time, [caption], return_dict=False)[0][0]
    theirs = -theirs.squeeze(1).float().numpy()  # the pipeline negates what the network predicts

    subprocess.run(
        [forward_once, tmp_path / "weights.safetensors", tmp_path / "inputs.safetensors", tmp_path / "out.bin",
         "z_image", dtype, str(width), str(height), path,
         "layers=2", "refiner_layers=2", "heads=2", "head_width=64", "caption_width=96"],
        check=True,
    )  # fmt: skip
    ours = np.fromfile(tmp_path / "out.bin", dtype=np.float32).reshape(theirs.shape)
    assert np.isfinite(ours).all()
    assert relative_error(ours, theirs) <= bound


def test_a_missing_parameter_is_named(forward_once, tmp_path):
    state = dict(tiny_z_image(torch.float32).state_dict())
    del state["layers.1.ffn_norm2.weight"]
    save_file(state, tmp_path / "weights.safetensors")
    save_file({"latents": torch.zeros(16, 16, 16), "time": torch.zeros(1), "caption": torch.zeros(32, 96)},
              tmp_path / "inputs.safetensors")  # fmt: skip
    done = subprocess.run(
        [forward_once, tmp_path / "weights.safetensors", tmp_path / "inputs.safetensors", tmp_path / "out.bin",
         "z_image", "fp32", "128", "128", "aten",
         "layers=2", "refiner_layers=2", "heads=2", "head_width=64", "caption_width=96"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "layers.1.ffn_norm2.weight" in done.stderr
