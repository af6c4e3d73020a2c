"""Our schedules against those of diffusers' scheduler, as each model's pipeline sets it up.

Run by CTest; by hand: pytest bench/models/schedules_test.py --print-sigmas build/cpu/bin/print_sigmas
"""

import ast
import subprocess
from pathlib import Path

import diffusers
import numpy as np
import pytest
from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler


def function_of(pipeline, name):
    """A function of a pipeline's module, which as a whole needs packages that no test needs."""
    path = Path(diffusers.__file__).parent / "pipelines" / pipeline
    (found,) = (node for node in ast.parse(path.read_text()).body if getattr(node, "name", "") == name)
    space = {}
    exec(compile(ast.Module([found], []), str(path), "exec"), space)
    return space[name]


# scheduler_config.json of the published models.
DYNAMIC = {"use_dynamic_shifting": True, "base_image_seq_len": 256, "base_shift": 0.5}
CONFIGS = {
    "z_image": {"shift": 3.0},
    "flux1": {"max_image_seq_len": 4096, "max_shift": 1.15, "shift": 3.0, **DYNAMIC},
    "flux2": {"max_image_seq_len": 4096, "max_shift": 1.15, "shift": 3.0, **DYNAMIC},
    "qwen_image": {"max_image_seq_len": 8192, "max_shift": 0.9, "shift_terminal": 0.02, **DYNAMIC},
}
CONFIGS["qwen_image_edit"] = CONFIGS["qwen_image"]


def mu_of(model, config, tokens, steps):
    if model == "z_image":
        return None
    if model == "flux2":
        return function_of("flux2/pipeline_flux2.py", "compute_empirical_mu")(tokens, steps)
    pipeline = "flux/pipeline_flux.py" if model == "flux1" else "qwenimage/pipeline_qwenimage.py"
    keys = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
    return function_of(pipeline, "calculate_shift")(tokens, *(config[key] for key in keys))


@pytest.mark.parametrize("model", CONFIGS)
@pytest.mark.parametrize("width,height", [(512, 512), (1024, 1024), (2048, 1024)])
@pytest.mark.parametrize("steps", [4, 9, 28, 50])
def test_sigmas(request, model, width, height, steps):
    scheduler = FlowMatchEulerDiscreteScheduler(**CONFIGS[model])
    tokens = width // 16 * (height // 16)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 1 / steps, steps), mu=mu_of(model, CONFIGS[model], tokens, steps))
    ours = subprocess.run(
        [request.config.getoption("--print-sigmas"), model, f"{width}x{height}", str(steps)],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    np.testing.assert_allclose([float(sigma) for sigma in ours], scheduler.sigmas.numpy(), rtol=2e-6, atol=2e-7)
