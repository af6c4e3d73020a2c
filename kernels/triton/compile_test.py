"""The Triton sources without a GPU: what they compute (in Triton's interpreter), what they compile to, what faults are told.

Run by CTest; by hand: pytest kernels/triton
"""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

KERNELS = Path(__file__).resolve().parents[1]
COMPILE = KERNELS / "triton" / "compile.py"
SOURCES = [KERNELS / "triton" / "rms_norm.py", KERNELS / "examples" / "rms_norm_tile.py"]
TYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
EPS = 1e-5


def compile_file(file, folder, *options):
    env = os.environ | {"TRITON_CACHE_DIR": str(folder / "cache")}
    env.pop("TRITON_INTERPRET", None)
    return subprocess.run([sys.executable, COMPILE, file, folder, *options], capture_output=True, text=True, env=env)


def kernels(folder):
    return [line.split() for line in (folder / "kernels.txt").read_text().splitlines()]


@pytest.fixture(scope="module", params=SOURCES, ids=lambda file: file.stem)
def interpreted(request):
    """The file's names, its function run element by element on the CPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")  # read when a function is decorated
        yield runpy.run_path(str(request.param))


def launch(module, x, weight):
    """As triton_path.cpp launches it."""
    width = x.shape[-1]
    kind = min(c for c in module["CLASSES"] if c >= width)
    rows_of_a_program, _ = module["CLASSES"][kind]
    y = torch.full(x.shape, float("nan"), dtype=x.dtype)
    rows, inner = x.numel() // width, x.shape[1] if x.dim() == 3 else 1
    inner_stride = x.stride(1) if x.dim() == 3 else 0
    grid = (-(-rows // rows_of_a_program),)
    constants = {"ROWS": rows_of_a_program, "CLASS": kind}
    module["rms_norm"][grid](x, weight, y, rows, inner, x.stride(0), inner_stride, width, EPS, **constants)
    return y


def exact(x, weight):
    x = x.double()
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPS) * weight.double()


@pytest.mark.parametrize("dtype", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("shape", [(1, 128), (37, 128), (3, 48), (2, 2560)])
def test_computes_rms_norm(interpreted, dtype, shape):
    torch.manual_seed(20962)
    x, weight = torch.randn(shape).to(dtype), (torch.randn(shape[-1]) * 0.1 + 1).to(dtype)
    error = (launch(interpreted, x, weight).double() - exact(x, weight)).abs() / (exact(x, weight).abs() + 1)
    assert error.max() <= 2 * torch.finfo(dtype).eps


def test_takes_q_and_k_where_a_packed_tensor_holds_them(interpreted):
    torch.manual_seed(20962)
    packed, weight = torch.randn(5, 3, 4, 128), torch.randn(128)
    for part in (packed[:, 0], packed[:, 1]):
        dense = launch(interpreted, part.reshape(20, 128), weight)
        assert torch.equal(launch(interpreted, part, weight), dense.view(part.shape))


def test_reads_no_row_behind_the_last(interpreted):
    """Rows of NaN behind the ones asked for, in the same program's tile."""
    x, weight = torch.randn(3, 128), torch.ones(128)
    longer = torch.cat([x, torch.full((40, 128), float("nan"))])
    assert torch.equal(launch(interpreted, longer[:3], weight), launch(interpreted, x, weight))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.stem)
def test_compiles_without_a_gpu_to_wide_loads_and_no_spills(file, tmp_path):
    from triton import knobs

    result = compile_file(file, tmp_path, "--types", "bf16")
    assert (result.returncode, result.stderr) == (0, "")
    rows = kernels(tmp_path)
    classes = runpy.run_path(str(file))["CLASSES"]
    assert [(r[0], int(r[1]), r[2], int(r[4]), int(r[5])) for r in rows] == [
        ("rms_norm", c, "bf16", *v) for c, v in sorted(classes.items())
    ]
    for row in rows:
        cubin = tmp_path / row[7]
        assert cubin.read_bytes()[:4] == b"\x7fELF"
        code = subprocess.run([knobs.nvidia.cuobjdump.path, "-sass", cubin], capture_output=True, text=True, check=True).stdout
        assert "sm_90" in code and row[3] in code
        loads = re.findall(r"\b(LDG|STG)\.E(\.\w+)*", code)
        assert loads and re.search(r"LDG\.E\.128", code) and re.search(r"STG\.E\.128", code), row
        assert not re.search(r"\b(LDL|STL)\b", code), f"{row}: registers are spilled to memory"


def test_the_embedded_kernels_know_the_triton_that_compiled_them(tmp_path):
    import triton

    assert compile_file(SOURCES[0], tmp_path, "--types", "bf16").returncode == 0
    subprocess.run([sys.executable, COMPILE.with_name("embed.py"), tmp_path, tmp_path / "all.cpp"], check=True)
    text = (tmp_path / "all.cpp").read_text()
    assert f'std::string triton_version() {{\n  return "{triton.__version__}";\n}}\n' in text
    assert text.count("all.push_back(") == len(kernels(tmp_path))


GOOD = SOURCES[1].read_text()
V2 = GOOD.split("@triton.jit\n")[1].replace("def rms_norm(", "def rms_norm_v2(").replace("tl.rsqrt(", "1 / tl.sqrt(")


def test_compiles_variants_each_in_its_classes(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(f"{GOOD}\n\n@triton.jit\n{V2}\n\nrms_norm_wide = rms_norm\nCLASSES_wide = {{128: (16, 2)}}\n")
    result = compile_file(file, tmp_path / "out", "--types", "bf16")
    assert (result.returncode, result.stderr) == (0, "")
    assert [(r[0], int(r[1]), int(r[4]), int(r[5])) for r in kernels(tmp_path / "out")] == [
        ("rms_norm", 128, 32, 4), ("rms_norm", 4096, 1, 16), ("rms_norm_v2", 128, 32, 4), ("rms_norm_v2", 4096, 1, 16),
        ("rms_norm_wide", 128, 16, 2),
    ]  # fmt: skip
    plain, other = ((tmp_path / "out" / f"rms_norm{suffix}-128-bf16.cubin").read_bytes() for suffix in ("", "_v2"))
    assert plain != other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import no_such_module\n", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = \n", "cannot be imported: SyntaxError: invalid syntax"),
        ("raise SystemExit\n", "cannot be imported: SystemExit: "),
        ("CLASSES = {}\n", "has no @triton.jit function rms_norm; it must take rms_norm(x, weight, y, rows, "),
        (GOOD.replace("width, eps,", "eps, width,", 1), "rms_norm takes (x, weight, y, rows, inner, "),
        (GOOD.replace("CLASSES =", "SIZES ="), "has no CLASSES; write CLASSES = {128: (16, 4)}"),
        (GOOD.replace("128: (32, 4)", "96: (32, 4)"), "CLASSES[96] = (32, 4): width, rows and warps must be powers of two"),
        (GOOD.replace("128: (32, 4)", "128: 32"), "CLASSES[128] = 32: width, rows and warps must be powers of two"),
        (GOOD.replace("tl.rsqrt(mean", "tl.rsqrt(no_such_name"), "rms_norm does not compile for width class 128, bf16: "),
        (f"{GOOD}\n@triton.jit\ndef rms_norm_tile(x):\n    pass\n", "rms_norm_tile takes (x); it must take rms_norm(x, "),
        (f"{GOOD}\nrms_norm_v2 = rms_norm\nCLASSES_v2 = {{}}\n", "has no CLASSES_v2; write CLASSES_v2 = {128: (16, 4)}"),
    ],
)  # fmt: skip
def test_a_faulty_file_is_told_so_in_one_line(text, message, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(text)
    result = compile_file(file, tmp_path / "out")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"{file}: {message}")
    assert not (tmp_path / "out" / "kernels.txt").exists()


def test_a_python_without_triton(tmp_path):
    command = [sys.executable, "-S", COMPILE, SOURCES[1], tmp_path]  # -S: no site-packages
    result = subprocess.run(command, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (6, "", 1)
    assert f"needs triton, which {sys.executable} has not: set BENCH_PYTHON to a Python that has it" in result.stderr


def test_a_missing_file():
    result = compile_file(Path("/nonexistent/mine.py"), Path("/nonexistent"))
    assert (result.returncode, result.stderr) == (2, "/nonexistent/mine.py: no such file\n")
