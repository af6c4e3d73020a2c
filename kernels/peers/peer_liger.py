"""Liger-Kernel's Triton RMSNorm, forward, in its default casting mode (llama: rounds before the weight)."""

from __future__ import annotations

from peer import NotMeasured, Peer, Run, TimeOf
from shapes import EPS, Shape


class Liger(Peer):
    name = "liger"
    about = "liger_kernel.ops.rms_norm.rms_norm_forward, casting mode llama"

    def version(self) -> str:
        return self.packages.version(self.name)

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        if reason := self.packages.absent(self.name):
            raise NotMeasured(reason)
        if device != "cuda":
            raise NotMeasured("a Triton kernel: it needs a GPU")
        self.packages.use_python()
        try:
            from liger_kernel.ops.rms_norm import rms_norm_forward
        except ImportError as error:
            raise NotMeasured(f"import liger_kernel: {error}") from error
        return lambda x, weight, out: rms_norm_forward(x, weight, EPS, 0.0, "llama", None)[0]
