"""All peers, in the order of the table's columns."""

from __future__ import annotations

from packages import Packages
from peer import Peer
from peer_aten import Aten
from peer_flashinfer import FlashInfer
from peer_inductor import Inductor
from peer_liger import Liger
from peer_quack import Quack, QuackTuned
from peer_sgl_kernel import SglKernel

PEERS: tuple[type[Peer], ...] = (Aten, Inductor, Liger, FlashInfer, SglKernel, Quack, QuackTuned)


def peers(packages: Packages) -> list[Peer]:
    return [kind(packages) for kind in PEERS]
