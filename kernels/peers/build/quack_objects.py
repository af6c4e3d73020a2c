"""Usage: quack_objects.py FOLDER [--jobs N] [--only heuristic]

Compiles QuACK's RMSNorm ahead of time for sm_90a, without a GPU, into FOLDER/*.o and the table of them in
FOLDER/quack_kernels.inc: for every width and type of ../shapes.py the configuration of QuACK's heuristic, and every
one that its autotuner would try there, once each. quack_library.cpp makes a library of them.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import functools
import multiprocessing
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import shapes  # noqa: E402

VECTOR_BITS = 128


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One compilation: a row type and a launch configuration."""

    width: int
    dtype: str  # bf16, fp16 or fp32
    threads: int
    threads_per_row: int
    cluster: int
    reload: str | None
    heuristic: bool  # what QuACK takes without tuning

    @property
    def symbol(self) -> str:
        return f"quack_{self.dtype}_{self.width}_{self.threads}_{self.threads_per_row}_{self.cluster}_{self.reload}".lower()

    @property
    def config(self) -> str:
        return f"threads={self.threads} per_row={self.threads_per_row} cluster={self.cluster} reload={self.reload}"


def target_hopper() -> None:
    """QuACK and the CuTe DSL ask the GPU what to compile for; these answer where there is none."""
    os.environ.update(QUACK_ARCH="90", CUTE_DSL_ARCH="sm_90a", QUACK_CACHE_ENABLED="0")


def kernels_of(width: int, dtype: str) -> list[Kernel]:
    """The heuristic's first. Without those whose cluster QuACK would lower: that kernel is there already."""
    from quack import rmsnorm_config

    bits = 32 if dtype == "fp32" else 16
    first = rmsnorm_config.RmsNormFwdConfig.from_analytical_heuristic(width, bits, arch_major=9)
    vectors = width // (VECTOR_BITS // bits)
    found: dict[object, Kernel] = {}
    for c in [first, *rmsnorm_config.get_all_fwd_configs()]:
        fits = c.threads_per_row * c.cluster_n <= width  # prune_invalid_rmsnorm_fwd_configs
        distinct = c.cluster_n <= max(1, vectors // c.threads_per_row)  # ReductionBase._cap_cluster_n
        if c is first or (fits and distinct):
            kernel = Kernel(width, dtype, c.num_threads, c.threads_per_row, c.cluster_n, c.reload_from, c is first)
            found.setdefault(c, kernel)
    return list(found.values())


def compile_kernel(folder: Path, kernel: Kernel) -> str:
    """The compiler's complaint, or nothing."""
    target_hopper()
    import cutlass
    from quack.rmsnorm import _compile_rmsnorm_fwd
    from quack.rmsnorm_config import RmsNormFwdConfig

    of = {"bf16": cutlass.BFloat16, "fp16": cutlass.Float16, "fp32": cutlass.Float32}[kernel.dtype]
    config = RmsNormFwdConfig(kernel.threads, kernel.threads_per_row, kernel.cluster, kernel.reload)
    try:  # x, out, residual, weight, bias, residual_out; width; rstd, mean, layer norm, per head, weight offset
        compiled = _compile_rmsnorm_fwd.__wrapped__(
            of, of, None, of, None, None, kernel.width, False, False, False, False, 0.0, config=config
        )
        compiled.export_to_c(object_file_path=str(folder / f"{kernel.symbol}.o"), function_name=kernel.symbol)
    except Exception as error:  # the DSL raises many kinds
        return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"
    return ""


def table(kernels: list[Kernel]) -> str:
    """QUACK_KERNEL(symbol, width, type, heuristic, config) for each."""
    return "".join(
        f'QUACK_KERNEL({k.symbol}, {k.width}, "{k.dtype}", {str(k.heuristic).lower()}, "{k.config}")\n' for k in kernels
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--only", choices=["heuristic"])
    options = parser.parse_args()
    target_hopper()
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = dict.fromkeys((shape.width, shape.dtype) for shape in shapes.SHAPES)
    wanted = [k for row in rows for k in kernels_of(*row) if k.heuristic or not options.only]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        errors = list(pool.map(functools.partial(compile_kernel, options.folder), wanted, chunksize=4))
    for kernel, error in zip(wanted, errors):
        if error:
            print(f"{kernel.symbol}: {error}", file=sys.stderr)
            if kernel.heuristic:
                return 1
    compiled = [kernel for kernel, error in zip(wanted, errors) if not error]
    (options.folder / "quack_kernels.inc").write_text(table(compiled))
    print(f"{len(compiled)} of {len(wanted)} kernels", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
