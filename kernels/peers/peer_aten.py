"""at::rms_norm, called from Python: also the path `aten` of our kernels, which ties this program's figures to bench's."""

from __future__ import annotations

from peer import Peer, Run, TimeOf
from shapes import EPS, Shape


class Aten(Peer):
    name = "aten"
    about = "torch.nn.functional.rms_norm"

    def version(self) -> str:
        import torch

        return torch.__version__

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        from torch.nn.functional import rms_norm

        return lambda x, weight, out: rms_norm(x, (shape.width,), weight, EPS)
