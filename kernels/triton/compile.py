"""Usage: python3 compile.py FILE.py FOLDER [--types bf16,fp16,fp32] [--target 90]

Compiles the Triton function `rms_norm` of FILE.py, and its variants `rms_norm_NAME`, ahead of time, once for each of their
width classes and each type, needing triton and no GPU. Writes into FOLDER a cubin for each and the list `kernels.txt`, one
line a kernel:

    function width-class type symbol rows-of-a-program warps shared-memory-bytes cubin

The form of FILE.py, of which kernels/triton/rms_norm.py and kernels/examples/ are examples:

    CLASSES = {128: (16, 4)}    # rows up to 128 elements (a power of two): 16 rows a program, 4 warps

    @triton.jit
    def rms_norm(x, weight, y, rows, inner, outer_stride, inner_stride, width, eps, ROWS: tl.constexpr, CLASS: tl.constexpr):

Row i of x begins at element i // inner * outer_stride + i % inner * inner_stride; y is dense; y has x's and weight's type.
Promised and used by the compiler: the pointers are multiples of 16 bytes; both strides and width are multiples of 16 elements.
Programs are numbered along axis 0, ROWS rows each. A variant has the classes of CLASSES_NAME, if there are such, else of
CLASSES. A fault is one line on stderr and exit code 2; 6 where it is this Python's, which lacks triton.
"""

import argparse
import importlib.util
import sys
from pathlib import Path

# Types of the runtime arguments, in order; {} is the type of the elements.
ARGUMENTS = {
    "x": "*{}", "weight": "*{}", "y": "*{}", "rows": "i32", "inner": "i32", "outer_stride": "i64", "inner_stride": "i64",
    "width": "i32", "eps": "fp32",
}  # fmt: skip
DIVISIBLE_BY_16 = ("x", "weight", "y", "outer_stride", "inner_stride", "width")
CONSTANTS = ["ROWS", "CLASS"]
TYPES = ("bf16", "fp16", "fp32")
NEEDED = f"rms_norm({', '.join([*ARGUMENTS, *CONSTANTS])})"


class Fault(Exception):
    """What is wrong with the file, in one line."""

    code = 2


class Unavailable(Fault):
    """What this Python lacks."""

    code = 6


def load(file: Path):
    if not file.is_file():
        raise Fault("no such file")
    spec = importlib.util.spec_from_file_location(f"triton_file_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # the file's own code: anything
        line = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Fault(f"cannot be imported: {line}") from error
    return module


def functions_of(module) -> dict:
    """The function and its variants by their names."""
    import triton

    named = {name: value for name, value in sorted(vars(module).items()) if name == "rms_norm" or name.startswith("rms_norm_")}
    found = {name: value for name, value in named.items() if isinstance(value, triton.runtime.jit.JITFunction)}
    for name in named.keys() - found.keys():
        if isinstance(named[name], triton.runtime.KernelInterface):  # autotuned, or with heuristics
            raise Fault(f"{name} is more than @triton.jit: which of its kernels runs is decided when it is launched; choose one")
    if not found:
        raise Fault(f"has no @triton.jit function rms_norm; it must take {NEEDED}")
    for name, function in found.items():
        if function.arg_names != [*ARGUMENTS, *CONSTANTS]:
            helper = "" if name == "rms_norm" else ", or have a name that does not begin with rms_norm_"
            raise Fault(f"{name} takes ({', '.join(function.arg_names)}); it must take {NEEDED}{helper}")
    return found


def classes_of(module, function: str) -> dict:
    name = "CLASSES" + function.removeprefix("rms_norm")
    if not hasattr(module, name):
        name = "CLASSES"
    classes = getattr(module, name, None)
    if not isinstance(classes, dict) or not classes:
        raise Fault(f"has no {name}; write {name} = {{128: (16, 4)}}: width class: (rows of a program, warps)")
    for width, value in classes.items():
        numbers = (width, *value) if isinstance(value, tuple) and len(value) == 2 else (0,)
        if not all(isinstance(n, int) and n > 0 and n & (n - 1) == 0 for n in numbers) or numbers[2] > 32:
            raise Fault(f"{name}[{width!r}] = {value!r}: width, rows and warps must be powers of two, warps at most 32")
    return classes


def compile_one(function, element: str, width: int, rows: int, warps: int, target: int):
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    signature = {name: kind.format(element) for name, kind in ARGUMENTS.items()} | {name: "constexpr" for name in CONSTANTS}
    aligned = {(list(ARGUMENTS).index(name),): [["tt.divisibility", 16]] for name in DIVISIBLE_BY_16}
    source = ASTSource(function, signature, constexprs={"ROWS": rows, "CLASS": width}, attrs=aligned)
    try:
        kernel = triton.compile(source, target=GPUTarget("cuda", target, 32), options={"num_warps": warps})
    except Exception as error:
        lines = [line for line in str(error).splitlines() if line.strip()] or [""]
        what = f"{type(error).__name__}: {lines[-1].strip()}"
        raise Fault(f"{function.__name__} does not compile for width class {width}, {element}: {what}") from error
    if kernel.metadata.global_scratch_size or kernel.metadata.profile_scratch_size or kernel.metadata.num_ctas != 1:
        what = f"needs scratch memory or a cluster at width class {width}"
        raise Fault(f"{function.__name__} {what}, which is not launched from here")
    return kernel


def main() -> int:
    parser = argparse.ArgumentParser(usage=__doc__.splitlines()[0].removeprefix("Usage: "))
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--types", default=",".join(TYPES))
    parser.add_argument("--target", type=int, default=90)
    options = parser.parse_args()
    try:
        try:
            import triton  # noqa: F401
        except ImportError:
            lacking = f"needs triton, which {sys.executable} has not: set BENCH_PYTHON to a Python that has it"
            raise Unavailable(lacking) from None
        module = load(options.file)
        functions = functions_of(module)
        classes = {name: classes_of(module, name) for name in functions}
        options.folder.mkdir(parents=True, exist_ok=True)
        lines = []
        for name, function in functions.items():
            for width, (rows, warps) in sorted(classes[name].items()):
                for element in options.types.split(","):
                    kernel = compile_one(function, element, width, rows, warps, options.target)
                    cubin = f"{name}-{width}-{element}.cubin"
                    (options.folder / cubin).write_bytes(kernel.asm["cubin"])
                    symbol, shared = kernel.metadata.name, kernel.metadata.shared
                    lines.append(f"{name} {width} {element} {symbol} {rows} {warps} {shared} {cubin}\n")
        (options.folder / "kernels.txt").write_text("".join(lines))  # last: without it the folder does not count
    except Fault as fault:
        print(f"{options.file}: {fault}", file=sys.stderr)
        return fault.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
