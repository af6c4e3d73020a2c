"""libbench_kernels.so from Python: what each operator computes, and that torch.compile keeps it.

Run by CTest; by hand: pytest kernels/library --operators build/cpu/lib/libbench_kernels.so
"""

import re
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

REPO = Path(__file__).resolve().parents[2]
PATHS = re.findall(r'\.name = "(\w+)"', (REPO / "kernels" / "paths.cpp").read_text())
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


# A plug-in library's own operator, a model's name for it and what `floor` leaves out: where one of these classes lacks an
# operator, the composition of operators.h runs instead, and its result is right.
@pytest.mark.parametrize(
    ("file", "composed"),
    [
        ("kernels/plugins/library_plugin.cpp", set()),
        ("bench/models/named_operators.cpp", set()),
        ("kernels/floor/floor_path.cpp", {"linear_swiglu"}),  # its product and swiglu, which floor leaves out
    ],
)
def test_no_operator_is_silently_composed(library, file, composed):
    declared = (REPO / "kernels" / "operators.h").read_text()
    assert set(library) == set(re.findall(r"virtual [^;=(]*?\b(\w+)\(", declared)) - {"Operators"}
    overridden = re.findall(r"(\w+)\([^()]*\)\s*const override", (REPO / file).read_text())
    assert set(library) - composed == set(overridden)


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


def refused(name, values):
    """What the first line of the refusal says, the same of tensors with elements and without."""
    operator = getattr(torch.ops.bench_fused, name)
    said = []
    for device in ("cpu", "meta"):
        with pytest.raises(RuntimeError) as error:
            operator(*(value.to(device) if isinstance(value, torch.Tensor) else value for value in values))
        said.append(str(error.value).splitlines()[0].replace(f"on {device}", "on DEVICE"))
    assert said[0] == said[1]
    return said[0]


def changed(name, argument, change):
    """The inputs of `name` with one, by its name in the schema, changed."""
    names = [a.name for a in getattr(torch.ops.bench_fused, name).default._schema.arguments]
    return [change(value) if n == argument else value for n, value in zip(names, inputs(name), strict=True)]


def arguments(name, wanted):
    return [a.name for a in getattr(torch.ops.bench_fused, name).default._schema.arguments if a.name in wanted]


WEIGHTS, MODULATIONS = ("weight", "next_weight", "q_weight", "k_weight"), ("scale", "shift", "gate", "next_scale")
PRODUCTS = ("linear_gelu", "linear_swiglu")


def test_another_type_is_refused_in_words(library):
    words = "all tensors must have the type and device of"
    for name in library:
        first = getattr(torch.ops.bench_fused, name).default._schema.arguments[0].name
        for argument in arguments(name, (*WEIGHTS, *MODULATIONS, "a", "k", "bias")):
            said = refused(name, changed(name, argument, torch.Tensor.float))
            assert said == f"{name}: {words} {first}, BFloat16 on DEVICE; {argument} is Float on DEVICE"
        for dtype, called in ((torch.float64, "Double"), (torch.int32, "Int"), (torch.complex64, "ComplexFloat")):
            values = [v.to(dtype) if isinstance(v, torch.Tensor) and v.dtype == torch.bfloat16 else v for v in inputs(name)]
            assert refused(name, values) == f"{name}: {first} must be BFloat16, Half or Float, is {called}"


def test_a_vector_of_another_shape_is_refused_in_words(library):
    """[64, 1] of an x [6, 64] too, and what would broadcast to more than x is."""
    shapes = {"[63]": lambda v: v[1:], "[64, 1]": lambda v: v.unsqueeze(1), "[3, 1, 64]": lambda v: v.expand(3, 1, -1),
              "[]": lambda v: v[0], "[1]": lambda v: v[:1], f"[{TOKENS}, 64]": lambda v: v.expand(TOKENS, -1)}  # fmt: skip
    for name in set(library) - set(PRODUCTS):
        for argument in arguments(name, WEIGHTS):
            for shape, change in {**shapes, "[1, 64]": lambda v: v.unsqueeze(0)}.items():
                assert refused(name, changed(name, argument, change)) == f"{name}: {argument} must be [64], is {shape}"
        for argument in arguments(name, MODULATIONS):
            for shape, change in shapes.items():
                said = refused(name, changed(name, argument, change))
                assert said == f"{name}: {argument} must be [64] or [1, 64], is {shape}"


def test_a_modulation_may_be_a_row_where_x_has_rows(library):
    for name in library:
        for argument in arguments(name, MODULATIONS):
            expected = getattr(torch.ops.bench_fused, name)(*inputs(name))
            row = getattr(torch.ops.bench_fused, name)(*changed(name, argument, lambda v: v.unsqueeze(0)))
            torch.testing.assert_close(row, expected, atol=0, rtol=0)
    x, weight, scale, eps = inputs("rms_norm_scale")
    assert torch.ops.bench_fused.rms_norm_scale(x[0], weight, scale, eps).shape == (WIDTH,)
    said = refused("rms_norm_scale", (x[0], weight, scale.unsqueeze(0), eps))
    assert said == "rms_norm_scale: scale must be [64], is [1, 64]"


def test_activations_of_another_shape_are_refused_in_words(library):
    for name in library:
        for argument in arguments(name, ("a",)):
            for shape, change in ((f"[{TOKENS - 1}, 64]", lambda v: v[1:]), ("[1, 64]", lambda v: v[:1]), ("[64]", lambda v: v[0])):
                said = refused(name, changed(name, argument, change))
                assert said == f"{name}: a must be [{TOKENS}, 64] like x, is {shape}"
        for argument in arguments(name, ("packed", "x", "q")):
            said = refused(name, changed(name, argument, lambda v: v.flatten()[0]))
            assert said == f"{name}: {argument} has no dimension"
    assert refused("swiglu", (inputs("swiglu")[0][:, :65],)) == f"swiglu: packed must have an even last dimension, is [{TOKENS}, 65]"


def test_products_of_another_shape_are_refused_in_words(library):
    for name in PRODUCTS:
        outputs = len(inputs(name)[1])
        said = refused(name, changed(name, "x", lambda v: v.unsqueeze(0)))
        assert said == f"{name}: x must be [rows, inputs], is [1, {TOKENS}, 64]"
        for shape, change in ((f"[{outputs}, 63]", lambda v: v[:, 1:]), ("[64]", lambda v: v[0])):
            said = refused(name, changed(name, "weight", change))
            assert said == f"{name}: weight must be [outputs, 64], is {shape}"
    said = refused("linear_gelu", changed("linear_gelu", "bias", lambda v: v[:1]))
    assert said == "linear_gelu: bias must be [5], is [1]"
    said = refused("linear_swiglu", changed("linear_swiglu", "weight", lambda v: v[:9]))
    assert said == "linear_swiglu: weight must have an even number of rows, is [9, 64]"


QK = ("qk_rms_norm_rope", "qk_rms_norm_rope_half_split", "qk_rms_norm_rope_in_place")


@pytest.mark.parametrize("name", QK)
def test_heads_of_another_shape_are_refused_in_words(library, name):
    said = refused(name, changed(name, "q", lambda v: v.flatten(1)))
    assert said == f"{name}: q must be [tokens, heads, width], is [{TOKENS}, {HEADS * WIDTH}]"
    for shape, change in ((f"[{TOKENS - 1}, {HEADS}, 64]", lambda v: v[1:]), (f"[{TOKENS}, {HEADS}, 32]", lambda v: v[..., :32]),
                          (f"[{TOKENS}, 64]", lambda v: v[:, 0])):  # fmt: skip
        said = refused(name, changed(name, "k", change))
        assert said == f"{name}: k must be [{TOKENS}, heads, 64], is {shape}"
    q, k, q_weight, k_weight, _, eps = inputs(name)
    rotation = torch.ones(TOKENS, 31, dtype=torch.complex64)
    said = refused(name, (q[..., :63], k[..., :63], q_weight[:63], k_weight[:63], rotation, eps))
    assert said == f"{name}: q must have an even last dimension, is [{TOKENS}, {HEADS}, 63]"


@pytest.mark.parametrize("name", QK)
def test_k_may_have_fewer_heads(library, name):
    q, k, *rest = inputs(name)
    operator = getattr(torch.ops.bench_fused, name)
    expected = operator(q, k, *rest) or (q, k)
    q, k, *rest = inputs(name)
    outputs = operator(q, k[:, :1], *rest) or (q, k[:, :1])
    assert torch.equal(outputs[0], expected[0]) and torch.equal(outputs[1], expected[1][:, :1])
    if name != QK[2]:
        meta = operator(*(value.to("meta") for value in (q, k[:, :1], *rest[:-1])), EPS)
        assert [y.shape for y in meta] == [y.shape for y in outputs]


@pytest.mark.parametrize("name", QK)
def test_a_rotation_that_is_none_is_refused_in_words(library, name):
    for change in (lambda r: r.real, lambda r: r.to(torch.complex128), lambda r: r[:1], lambda r: r[:, :1], lambda r: r[0],
                   lambda r: r.view(2 * TOKENS, -1)):  # fmt: skip
        wrong = change(inputs(name)[4])
        kind = {torch.float32: "Float", torch.complex64: "ComplexFloat", torch.complex128: "ComplexDouble"}[wrong.dtype]
        said = refused(name, changed(name, "rotation", change))
        words = f"{name}: rotation must be ComplexFloat [{TOKENS}, {WIDTH // 2}] on DEVICE, is"
        assert said == f"{words} {kind} {list(wrong.shape)} on DEVICE"


def test_torch_compile_refuses_what_the_operators_do(library):
    """When it traces: a graph of wrong sizes is never made."""
    x, weight, eps = inputs("rms_norm_scale")[0], *inputs("rms_norm")[1:]
    torch._dynamo.reset()
    kept = torch.compile(torch.ops.bench_fused.rms_norm_scale, fullgraph=True, dynamic=True, backend="eager")
    with pytest.raises(RuntimeError, match=r"rms_norm_scale: scale must be \[\w+\] or \[1, \w+\], is \[\w+, 1, \w+\]"):
        kept(x, weight, weight.expand(3, 1, -1), eps)
