"""Guidance by two forwards against the statements of diffusers' own pipelines."""

import ast
from pathlib import Path
from types import SimpleNamespace

import diffusers
import pytest
import torch
from denoise import guided


def target_of(node):
    return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""


def statements_of(pipeline, first, last):
    """Compiled: from the first assignment to `first` in a pipeline's loop to what stands with it and assigns `last`."""
    path = Path(diffusers.__file__).parent / "pipelines" / pipeline
    for node in ast.walk(ast.parse(path.read_text())):
        body = getattr(node, "body", None)
        if isinstance(body, list) and first in (targets := [target_of(each) for each in body]):
            end = max(i for i, each in enumerate(body) if any(target_of(part) == last for part in ast.walk(each)))
            return compile(ast.Module(body[targets.index(first) : end + 1], []), str(path), "exec")
    raise AssertionError(f"{path}: no assignment to {first}")


def velocities():
    torch.manual_seed(20962)
    return torch.randn(2, 64, 16), torch.randn(2, 64, 16)


@pytest.mark.parametrize("pipeline", ["pipeline_qwenimage.py", "pipeline_qwenimage_edit.py", "pipeline_qwenimage_edit_plus.py"])
def test_qwen_image(pipeline):
    with_caption, without = velocities()
    names = {"torch": torch, "true_cfg_scale": 4.0, "noise_pred": with_caption, "neg_noise_pred": without}
    exec(statements_of(f"qwenimage/{pipeline}", "comb_pred", "noise_pred"), names)
    torch.testing.assert_close(guided("token_norm", 4.0, with_caption, without), names["noise_pred"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_z_image(scale):
    with_caption, without = velocities()
    for caption in (with_caption, without * 0.5):  # the sum is longer and scaled down; at 0.5 of the second it is shorter
        expected = []
        for pos, neg in zip(caption, without):
            names = {"torch": torch, "pos": pos, "neg": neg, "current_guidance_scale": scale}
            names |= {"self": SimpleNamespace(_cfg_normalization=1.0), "noise_pred": []}
            exec(statements_of("z_image/pipeline_z_image.py", "pred", "pred"), names)
            expected.append(names["pred"])
        torch.testing.assert_close(guided("bounded_norm", scale, caption, without), torch.stack(expected), rtol=1e-5, atol=1e-6)
