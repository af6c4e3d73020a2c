"""libbench_kernels.so from Python: what each operator computes, and that torch.compile keeps it.

Run by CTest; by hand: pytest kernels/library --operators build/cpu/lib/libbench_kernels.so
"""

import re
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

PATHS = re.findall(r'\.name = "(\w+)"', (Path(__file__).parents[1] / "paths.cpp").read_text())
PATHS.remove("floor")  # it has no operators
EPS = 1e-5
# The operators of kernels/operators.h, with inputs each of another shape where they may be.
WIDTH, TOKENS, HEADS = 64, 6, 3


def vectors(count, dtype):
    return [(torch.randn(WIDTH) * 0.1 + 1).to(dtype) for _ in range(count)]


def inputs(name, dtype=torch.bfloat16):
    torch.manual_seed(20962)
    x, a = (torch.randn(TOKENS, WIDTH).to(dtype) for _ in range(2))
    packed = torch.randn(TOKENS, 3, HEADS, WIDTH).to(dtype)
    angle = torch.rand(TOKENS, WIDTH // 2)
    rotation = torch.polar(torch.ones_like(angle), angle)
    return {
        "rms_norm": lambda: (x, *vectors(1, dtype), EPS),
        "rms_norm_scale": lambda: (x, *vectors(2, dtype), EPS),
        "rms_norm_scale_shift": lambda: (x, *vectors(3, dtype), EPS),
        "add_gated_rms_norm": lambda: (x, *vectors(1, dtype), a, *vectors(1, dtype), EPS),
        "add_gated_rms_norm_then_scale": lambda: (x, *vectors(1, dtype), a, *vectors(3, dtype), EPS),
        "add_rms_norm": lambda: (x, a, *vectors(1, dtype), EPS),
        "qk_rms_norm_rope": lambda: (packed[:, 0], packed[:, 1], *vectors(2, dtype), rotation, EPS),
        "qk_rms_norm_rope_half_split": lambda: (packed[:, 0], packed[:, 1], *vectors(2, dtype), rotation, EPS),
        "qk_rms_norm_rope_in_place": lambda: (packed[:, 0], packed[:, 1], *vectors(2, dtype), rotation, EPS),
        "layer_norm_scale_shift": lambda: (x, *vectors(2, dtype), EPS),
        "add_gated": lambda: (x, *vectors(1, dtype), a),
        "add_gated_then_layer_norm": lambda: (x, *vectors(1, dtype), a, *vectors(2, dtype), EPS),
        "swiglu": lambda: (torch.randn(TOKENS, 2 * WIDTH).to(dtype),),
        "linear_gelu": lambda: (x, torch.randn(5, WIDTH).to(dtype) / 8, torch.randn(5).to(dtype)),
        "linear_swiglu": lambda: (x, torch.randn(10, WIDTH).to(dtype) / 8),
    }[name]()  # fmt: skip


def rms_norm(x, weight):
    x = x.double()
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + EPS) * weight.double()


def test_every_path_is_a_namespace_with_every_operator(library):
    assert {"aten", "triton", "fused"} <= set(PATHS)
    for path in PATHS:
        for name in library:
            assert hasattr(getattr(torch.ops, f"bench_{path}"), name), (path, name)


@pytest.mark.parametrize("path", PATHS)
def test_rms_norm_is_the_formula(library, path):
    x, weight, eps = inputs("rms_norm")
    y = getattr(torch.ops, f"bench_{path}").rms_norm(x, weight, eps)
    exact = rms_norm(x, weight)
    assert y.dtype == x.dtype
    assert ((y.double() - exact).abs() <= 2**-7 * exact.abs() + 1e-6).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_decomposed_is_diffusers_norm_bit_for_bit(library, dtype):
    from diffusers.models.normalization import RMSNorm

    x, weight, eps = torch.randn(33, 3840).to(dtype), (torch.randn(3840) * 0.1 + 1).to(dtype), EPS
    norm = RMSNorm(3840, eps)
    norm.weight = torch.nn.Parameter(weight, requires_grad=False)
    assert torch.equal(torch.ops.bench_decomposed.rms_norm(x, weight, eps), norm(x))


def test_in_place_writes_what_the_other_returns(library):
    q, k, *rest = inputs("qk_rms_norm_rope")
    expected = torch.ops.bench_fused.qk_rms_norm_rope(q, k, *rest)
    assert torch.ops.bench_fused.qk_rms_norm_rope_in_place(q, k, *rest) is None
    assert torch.equal(q, expected[0]) and torch.equal(k, expected[1])


@pytest.mark.parametrize("path", ["aten", "fused"])
def test_half_split_is_what_transformers_calls_rotate_half(library, path):
    q, k, q_weight, k_weight, rotation, eps = inputs("qk_rms_norm_rope_half_split", torch.float32)
    cos, sin = (torch.cat((part, part), -1).unsqueeze(1) for part in (rotation.real, rotation.imag))
    outputs = getattr(torch.ops, f"bench_{path}").qk_rms_norm_rope_half_split(q, k, q_weight, k_weight, rotation, eps)
    for x, weight, y in zip((q, k), (q_weight, k_weight), outputs):
        normed = rms_norm(x, weight)
        first, second = normed.chunk(2, -1)
        torch.testing.assert_close(y.double(), normed * cos + torch.cat((-second, first), -1) * sin, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("path", ["aten", "decomposed", "fused"])
def test_operators_keep_what_their_registration_promises(library, path):
    """torch's own check: no input is changed or returned, fake outputs are like the real ones, also with symbolic sizes."""
    for name in library:
        operator = getattr(getattr(torch.ops, f"bench_{path}"), name).default
        checks = ("test_schema", "test_faketensor", "test_aot_dispatch_dynamic")
        torch.library.opcheck(operator, inputs(name), test_utils=checks)


def test_meta_outputs_have_the_sizes_of_the_real_ones(library):
    for name in library:
        operator = getattr(torch.ops.bench_fused, name)
        real = operator(*inputs(name))
        meta = operator(*(value.to("meta") if isinstance(value, torch.Tensor) else value for value in inputs(name)))
        listed = (() if value is None else (value,) if isinstance(value, torch.Tensor) else value for value in (real, meta))
        for r, m in zip(*listed, strict=True):
            assert m.device.type == "meta" and (m.shape, m.dtype, m.stride()) == (r.shape, r.dtype, r.stride()), name
    with FakeTensorMode() as mode:  # as of a model whose weights are not there yet
        x = mode.from_tensor(torch.randn(2, 8))
        assert torch.ops.bench_fused.rms_norm(x, x[0], EPS).shape == (2, 8)


class Block(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        self.path = getattr(torch.ops, f"bench_{path}")
        self.weight = torch.nn.Parameter(vectors(1, torch.float32)[0], requires_grad=False)
        self.linear = torch.nn.Linear(WIDTH, WIDTH).requires_grad_(False)

    def forward(self, x):
        packed = torch.stack(self.path.add_rms_norm(x, self.linear(x), self.weight, EPS), 1).unsqueeze(2)
        self.path.qk_rms_norm_rope_in_place(packed[:, 0], packed[:, 1], self.weight, self.weight, None, EPS)
        return self.path.rms_norm(packed[:, 0] + packed[:, 1], self.weight, EPS)

    operators = ("add_rms_norm", "qk_rms_norm_rope_in_place", "rms_norm")


@pytest.mark.parametrize("path", ["fused", "triton"])
def test_torch_compile_keeps_the_operators(library, path):
    """One graph, nothing of the operators decomposed in it, no compile for another number of rows, the same result."""
    graphs = []

    def backend(graph, example):
        graphs.append([str(node.target) for node in graph.graph.nodes if node.op == "call_function"])
        return graph.forward

    torch._dynamo.reset()
    block = Block(path)
    kept = torch.compile(block, fullgraph=True, dynamic=True, backend=backend)
    for tokens in (TOKENS, 2 * TOKENS, 7):
        x = torch.randn(tokens, WIDTH)
        assert torch.equal(kept(x), block(x))
    assert len(graphs) == 1
    called = {target.removesuffix(".default") for target in graphs[0]}
    assert {f"bench_{path}.{name}" for name in Block.operators} <= called

    torch._dynamo.reset()
    x = torch.randn(TOKENS, WIDTH)
    aot = torch.compile(block, fullgraph=True, backend="aot_eager")
    assert torch.equal(aot(x), block(x))


def test_inductor_calls_the_operators_as_extern_kernels(library):
    """torch.compile's default backend: generated code around the operators, which are called by their names."""
    from torch._inductor.cpp_builder import get_cpp_compiler
    from torch._inductor.exc import InvalidCxxCompiler
    from torch._inductor.utils import fresh_cache, run_and_get_code

    try:
        get_cpp_compiler()
    except InvalidCxxCompiler as error:
        pytest.skip(f"Inductor has no compiler: {error}")
    torch._dynamo.reset()
    block = Block("fused")
    kept = torch.compile(block, fullgraph=True, dynamic=True)
    # vec_isa_ok: it need not try one vector extension after another, which takes longer than all else here.
    with fresh_cache(), torch._inductor.config.patch({"cpp.vec_isa_ok": True}):
        x = torch.randn(TOKENS, WIDTH)
        y, codes = run_and_get_code(kept, x)
        torch.testing.assert_close(y, block(x))
        with torch._dynamo.config.patch(error_on_recompile=True):  # not for another number of rows
            other = torch.randn(7, WIDTH)
            torch.testing.assert_close(kept(other), block(other))
    assert len(codes) == 1 and "cpp_fused" in codes[0]  # of the neighbours, so it is Inductor's own
    for name in Block.operators:
        assert codes[0].count(f"torch.ops.bench_fused.{name}.default(") == 1, name


def test_another_type_is_refused_in_words(library):
    x, weight, eps = inputs("rms_norm")
    words = "rms_norm: all tensors must have the type and device of x, BFloat16 on cpu; one is Float on cpu"
    with pytest.raises(RuntimeError, match=words):
        torch.ops.bench_fused.rms_norm(x, weight.float(), eps)


@pytest.mark.parametrize("name", ["qk_rms_norm_rope", "qk_rms_norm_rope_half_split", "qk_rms_norm_rope_in_place"])
def test_a_rotation_that_is_none_is_refused_in_words(library, name):
    q, k, q_weight, k_weight, rotation, eps = inputs(name)
    operator = getattr(torch.ops.bench_fused, name)
    for wrong in (rotation.real, rotation.to(torch.complex128), rotation[:1], rotation[:, :1]):
        words = rf"{name}: rotation must be ComplexFloat \[{TOKENS}, {WIDTH // 2}\] on cpu, is "
        with pytest.raises(RuntimeError, match=words):
            operator(q, k, q_weight, k_weight, wrong, eps)
