"""pyproject.toml as it is, and what of it a machine gets."""

import re
import subprocess
import tomllib

import pytest
from conftest import REPO, executable
from steps import toolkit
from steps.environment import Environment

PINS = tomllib.loads((REPO / "pyproject.toml").read_text())


def wanted(monkeypatch, groups, gpu=False, known=(), system_toolkit=None):
    monkeypatch.setattr(toolkit, "has_gpu", lambda: gpu)
    monkeypatch.setattr(toolkit, "known_to_loader", lambda: set(known))
    return set(Environment(REPO)._wanted(groups, system_toolkit))


def test_every_pin_is_exact():
    for name, group in PINS["dependency-groups"].items():
        for entry in group:
            if isinstance(entry, dict):
                assert entry["include-group"] in PINS["dependency-groups"]
            else:
                assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+(\.post[0-9]+)?", entry), (name, entry)


def test_every_cuda_library_has_a_soname():
    names = [entry.split("==")[0] for entry in PINS["dependency-groups"]["cuda-libraries"]]
    assert sorted(PINS["tool"]["bench"]["soname"]) == sorted(names)


def test_torch_s_own_pins_are_ours():
    """The versions that torch was released with; others may be slower, faster or wrong."""
    info = Environment(REPO).site_packages / "torch-2.11.0.dist-info" / "METADATA"
    ours = dict(e.split("==") for e in PINS["dependency-groups"]["cuda-libraries"])
    theirs = dict(re.findall(r"^Requires-Dist: (nvidia-[a-z0-9-]+)==([0-9.]+)", info.read_text(), re.M))
    assert len(theirs) >= 4
    assert {name: ours[name] for name in theirs} == theirs


def test_cpu_needs_no_cuda_library(monkeypatch):
    assert wanted(monkeypatch, ["cpu"]) == {"torch", "nvidia-cuda-cupti", "nvidia-cuda-runtime", "nvidia-nvml-dev"}


def test_what_the_loader_knows_is_not_downloaded_for_tests(monkeypatch):
    with_it = wanted(monkeypatch, ["test"], known=["libcudnn.so.9"])
    without = wanted(monkeypatch, ["test"])
    assert without - with_it == {"nvidia-cudnn-cu13"}


def test_a_gpu_measures_with_the_pinned_libraries(monkeypatch):
    chosen = wanted(monkeypatch, ["cuda"], gpu=True, known=["libcudnn.so.9"], system_toolkit="/usr/local/cuda")
    assert "nvidia-cudnn-cu13" in chosen and "nvidia-cuda-nvcc" not in chosen


def test_the_toolkit_of_wheels_comes_with_all_its_libraries(monkeypatch):
    chosen = wanted(monkeypatch, ["cuda"], known=["libcublas.so.13"])
    assert {"nvidia-cublas", "nvidia-cuda-nvcc", "nvidia-nvvm"} <= chosen


def fake_toolkit(folder, release, headers=toolkit.HEADERS):
    """A folder with an nvcc that answers as NVIDIA's does, and these headers."""
    (folder / "bin").mkdir(parents=True)
    (folder / "include").mkdir()
    for header in headers:
        (folder / "include" / header).touch()
    answer = f"#!/bin/sh\necho 'Cuda compilation tools, release {release}, V1'\necho '#$ TOP={folder}/bin/..' >&2\n"
    return executable(folder / "bin" / "nvcc", answer)


@pytest.fixture
def no_other_toolkit(monkeypatch):
    monkeypatch.setattr(toolkit.glob, "glob", lambda pattern: [] if "cuda-13" in pattern else glob_of(pattern))
    monkeypatch.delenv("CUDA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    real = toolkit.shutil.which
    monkeypatch.setattr(toolkit.shutil, "which", lambda name: None if name == "/usr/local/cuda/bin/nvcc" else real(name))


glob_of = toolkit.glob.glob


@pytest.mark.parametrize(
    ("release", "headers", "said"),
    [
        ("12.4", toolkit.HEADERS, "is CUDA 12.4, not 13: passed over"),
        ("13.0", toolkit.HEADERS[:1], "lacks cublas_v2.h: passed over"),
    ],
)
def test_unfit_toolkit_is_passed_over(no_other_toolkit, monkeypatch, tmp_path, capsys, release, headers, said):
    monkeypatch.setenv("CUDACXX", str(fake_toolkit(tmp_path / "cuda", release, headers)))
    assert toolkit.find_system_toolkit() is None
    assert said in capsys.readouterr().err


def test_fit_toolkit_is_found_after_an_unfit_one(no_other_toolkit, monkeypatch, tmp_path):
    monkeypatch.setenv("CUDACXX", str(fake_toolkit(tmp_path / "old", "12.4")))
    fake_toolkit(tmp_path / "new cuda", "13.1")
    monkeypatch.setenv("CUDA_HOME", str(tmp_path / "new cuda"))
    assert toolkit.find_system_toolkit() == tmp_path / "new cuda"


def test_wheels_get_the_links_of_a_toolkit(tmp_path):
    lib = tmp_path / "nvidia" / "cu13" / "lib"
    lib.mkdir(parents=True)
    (lib / "libcudart.so.13").write_text("x")
    for _ in range(2):
        folder = toolkit.finish_wheels(tmp_path)
    assert (folder / "lib64" / "libcudart.so").read_text() == "x"


def test_the_pinned_clang_format_is_the_one_that_runs():
    binary = Environment(REPO).site_packages / "clang_format" / "data" / "bin" / "clang-format"
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    assert "18.1.8" in answer.stdout
