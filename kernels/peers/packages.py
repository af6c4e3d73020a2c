"""The folder of what `ci/bundle --peers` packed: Python packages, and libraries in lib/*.so.xz."""

from __future__ import annotations

import atexit
import ctypes
import json
import lzma
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def find() -> Path:
    """In a bundle beside kernels/; in a checkout where ci/bundle built it."""
    packed = ROOT / "peers"
    return packed if packed.is_dir() else ROOT / ".cache" / "peers"


class Packages:
    """Reads that folder; one that is not there holds nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unpacked: Path | None = None
        try:
            self._about: dict[str, dict[str, str]] = json.loads((folder / "peers.json").read_text())["peers"]
        except (OSError, ValueError, KeyError):
            self._about = {}

    def version(self, name: str) -> str:
        return self._about.get(name, {}).get("version", "")

    def absent(self, name: str) -> str:
        """Why the package of that name is not here; empty when it is."""
        if not self._about:
            return f"nothing is packed in {self.folder}: `ci/bundle --peers` does that"
        if name not in self._about:
            return f"{self.folder / 'peers.json'} does not know it: an older `ci/bundle --peers` packed that folder"
        return self._about[name].get("absent", "")

    def use_python(self) -> None:
        """Makes the Python packages importable; those of this machine go first."""
        if str(self.folder) not in sys.path:
            sys.path.append(str(self.folder))

    def library(self, name: str) -> ctypes.CDLL:
        """Loads lib/<name>.so.xz, its symbols seen by nobody else: sgl-kernel holds kernels of FlashInfer's names.
        Raises OSError."""
        return ctypes.CDLL(str(self.unpack(name)))

    def unpack(self, name: str) -> Path:
        """The library as a file, beside those that were unpacked before it."""
        if self._unpacked is None:
            self._unpacked = Path(tempfile.mkdtemp(prefix="bench-peers-"))
            atexit.register(shutil.rmtree, self._unpacked, ignore_errors=True)
        target = self._unpacked / f"{name}.so"
        if not target.exists():
            with lzma.open(self.folder / "lib" / f"{name}.so.xz") as packed, open(target, "wb") as file:
                shutil.copyfileobj(packed, file)
        return target
