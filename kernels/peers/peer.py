"""What a peer is: one file each, peer_<name>.py, listed in registry.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from packages import Packages
from shapes import Shape

Run = Callable[[Any, Any, Any], Any]  # (x [rows, width], weight [width], out or None) -> output
TimeOf = Callable[[Run], float]  # seconds of one launch of it at the shape, rotating


class NotMeasured(Exception):
    """Why a peer has no figure here, in one line: it is printed in the table's place."""


class Peer:
    name: str
    about: str  # what exactly is called
    writes_into = False  # writes into `out` that it is given; else it allocates its output

    def __init__(self, packages: Packages) -> None:
        self.packages = packages

    def version(self) -> str:
        raise NotImplementedError

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        """What is to be launched at this shape. device: cuda or cpu. Raises NotMeasured."""
        raise NotImplementedError
