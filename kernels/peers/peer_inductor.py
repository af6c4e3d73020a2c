"""torch.compile of torch.nn.functional.rms_norm, in its default mode, for this one shape."""

from __future__ import annotations

import shutil
from typing import Any

from peer import NotMeasured, Peer, Run, TimeOf
from shapes import EPS, Shape


class Inductor(Peer):
    name = "inductor"
    about = "torch.compile(torch.nn.functional.rms_norm, dynamic=False)"

    def version(self) -> str:
        import torch

        return torch.__version__

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        import torch
        from torch.nn.functional import rms_norm

        if not any(map(shutil.which, ("cc", "gcc", "g++", "clang"))):
            raise NotMeasured("Inductor needs a C compiler on the PATH, and there is none")

        def norm(x: Any, weight: Any) -> Any:
            return rms_norm(x, (shape.width,), weight, EPS)

        torch._dynamo.reset()  # else the ninth shape would silently run uncompiled: its recompile limit is 8
        compiled = torch.compile(norm, dynamic=False, fullgraph=True)
        return lambda x, weight, out: compiled(x, weight)
