"""The one-pass RMSNorm of sglang's pull request 20962, by its idea: a program holds a tile of whole rows in registers, reads
it once, writes it once.

Compiled ahead of time by compile.py, once a width class and type. The number of rows, the width and the strides are arguments
of the kernel; the pull request's has rows, width and eps as constants: every new prompt length or resolution compiles anew.
"""

import triton
import triton.language as tl

# Of rows up to so many elements: (rows of a program, warps). 16 to 32 elements a thread: two to four loads of 16 bytes
# in flight, and nothing spilled.
CLASSES = {
    64: (32, 4),
    128: (16, 4),
    256: (8, 4),
    512: (4, 4),
    1024: (2, 4),
    2048: (1, 4),
    4096: (1, 8),
    8192: (1, 8),
}


@triton.jit
def rms_norm(
    x, weight, y, rows, inner, outer_stride, inner_stride, width, eps, ROWS: tl.constexpr, CLASS: tl.constexpr
):  # fmt: skip
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)
    column = tl.arange(0, CLASS)[None, :]
    inside = (row < rows)[:, None] & (column < width)
    start = (row // inner).to(tl.int64) * outer_stride + (row % inner).to(tl.int64) * inner_stride
    # Before the sum is waited for, and as a tile of x's layout: a row of it would go through shared memory to get there.
    w = tl.load(weight + tl.broadcast_to(column, (ROWS, CLASS)), mask=inside, other=0.0)
    a = tl.load(x + start[:, None] + column, mask=inside, other=0.0).to(tl.float32)
    scale = tl.rsqrt(tl.sum(a * a, axis=1) / width + eps)
    z = a * scale[:, None] * w.to(tl.float32)
    tl.store(y + row.to(tl.int64)[:, None] * width + column, z.to(y.dtype.element_ty), mask=inside)
