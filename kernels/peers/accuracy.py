"""An output held against fp64, by the definitions of kernels/reference/accuracy.cpp."""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import math
from typing import Any

FORMATS = {"bf16": (7, -126), "fp16": (10, -14), "fp32": (23, -126)}  # stored mantissa bits, least normal exponent


@dataclasses.dataclass(frozen=True)
class Accuracy:
    finite: bool  # wherever the fp64 result is
    max_abs_error: float
    max_ulp: float
    exact_share: float  # of elements that are the fp64 result correctly rounded
    rms: float
    checksum: str


def exact(x: Any, weight: Any, eps: float) -> Any:
    """rms_norm(x) * weight in fp64."""
    wide = x.double()
    return wide * (wide.square().mean(-1, keepdim=True) + eps).rsqrt() * weight.double()


def checksum_of(output: Any) -> str:
    host = output.cpu().contiguous()  # not by way of numpy, which torch does without
    return hashlib.blake2b(ctypes.string_at(host.data_ptr(), host.nbytes), digest_size=8).hexdigest()


def accuracy(output: Any, x: Any, weight: Any, eps: float, dtype: str) -> Accuracy:
    import torch

    want = exact(x, weight, eps)
    got = output.double()
    counts = want.isfinite()
    checksum = checksum_of(output)
    if not bool((got.isfinite() | ~counts).all()):
        return Accuracy(False, math.inf, math.inf, 0, math.nan, checksum)
    mantissa, least = FORMATS[dtype]
    error = (got - want).abs().masked_fill(~counts, 0)
    ulp = torch.exp2(want.abs().log2().floor().clamp_min(least) - mantissa)
    in_ulp = (error / ulp).masked_fill(~counts, 0)
    equal = (output == want.to(output.dtype)) | ~counts
    return Accuracy(True, error.max().item(), in_ulp.max().item(), equal.double().mean().item(), got.square().mean().sqrt().item(), checksum)
