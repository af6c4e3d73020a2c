"""sgl_kernel.rmsnorm: the operator of sglang's kernel library for Hopper, without the rest of its wheel."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from peer import NotMeasured, Peer, Run, TimeOf
from shapes import EPS, Shape


def load_nvrtc() -> None:
    """Of what the library names, torch has loaded all but this; its folder is not on the loader's path."""
    import torch

    site = Path(torch.__file__).resolve().parents[1]
    for path in [*site.glob("nvidia/*/lib/libnvrtc.so.13"), Path("libnvrtc.so.13")]:
        try:
            ctypes.CDLL(str(path))
            return
        except OSError:
            pass  # the library's own error will say it


class SglKernel(Peer):
    name = "sgl-kernel"
    about = "torch.ops.sgl_kernel.rmsnorm of sm90/common_ops.abi3.so, programmatic dependent launch on"
    writes_into = True

    def version(self) -> str:
        return self.packages.version(self.name)

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        if reason := self.packages.absent(self.name):
            raise NotMeasured(reason)
        if device != "cuda":
            raise NotMeasured("a CUDA kernel: it needs a GPU")
        if shape.dtype == "fp32":
            raise NotMeasured("sgl_kernel.rmsnorm takes bf16 and fp16 only")
        import torch

        load_nvrtc()
        try:
            self.packages.library("libsgl_kernel_peer")
            rmsnorm = torch.ops.sgl_kernel.rmsnorm.default
        except (OSError, AttributeError, RuntimeError) as error:
            raise NotMeasured(f"its library cannot be loaded: {str(error).splitlines()[0]}") from error

        def run(x: Any, weight: Any, out: Any) -> Any:
            rmsnorm(out, x, weight, EPS, True)
            return out

        return run
