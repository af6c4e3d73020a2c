"""A Triton RMSNorm as `bench run --plugin` takes it; the path is named as the file."""

import triton
import triton.language as tl

# Rows up to so many elements: (rows of a program, warps). Each is compiled for bf16, fp16 and fp32.
CLASSES = {128: (32, 4), 4096: (1, 16)}


@triton.jit
def rms_norm(x, weight, y, rows, inner, outer_stride, inner_stride, width, eps, ROWS: tl.constexpr, CLASS: tl.constexpr):
    row = tl.program_id(0) * ROWS + tl.arange(0, ROWS)[:, None]
    column = tl.arange(0, CLASS)[None, :]
    inside = (row < rows) & (column < width)
    # Row i of x begins at i // inner * outer_stride + i % inner * inner_stride: q and k are slices of a packed tensor.
    start = (row // inner).to(tl.int64) * outer_stride + (row % inner).to(tl.int64) * inner_stride
    a = tl.load(x + start + column, mask=inside, other=0.0).to(tl.float32)
    mean_square = tl.sum(a * a, axis=1, keep_dims=True) / width
    w = tl.load(weight + column, mask=column < width, other=0.0).to(tl.float32)
    z = a * tl.rsqrt(mean_square + eps) * w
    # y is dense, and of x's type.
    tl.store(y + row.to(tl.int64) * width + column, z.to(y.dtype.element_ty), mask=inside)
