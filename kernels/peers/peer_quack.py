"""QuACK's RMSNorm, compiled ahead of time for sm_90a by ci/bundle (build/quack_objects.py) and called by the tvm-ffi
convention: with the configuration of QuACK's heuristic, and with the fastest of its autotuner's space."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

from packages import Packages
from peer import NotMeasured, Peer, Run, TimeOf
from shapes import EPS, Shape


class Library:
    """The kernels of libquack_peer, by width and type."""

    def __init__(self, packages: Packages) -> None:
        packages.unpack("libtvm_ffi")  # which the other finds beside itself
        self._library = packages.library("libquack_peer")
        self._library.quack_error.restype = ctypes.c_char_p
        self._library.quack_describe.restype = ctypes.c_char_p
        pointer, long = ctypes.c_void_p, ctypes.c_int64
        self._call = self._library.quack_rms_norm
        self._call.argtypes = [ctypes.c_int, pointer, pointer, pointer, long, ctypes.c_double, ctypes.c_int, pointer]
        self.kernels: list[tuple[int, str, bool, str]] = []  # width, type, whether the heuristic's, configuration
        width, dtype, heuristic = ctypes.c_int64(), ctypes.c_char_p(), ctypes.c_int()
        for index in range(self._library.quack_kernels()):
            config = self._library.quack_describe(index, *map(ctypes.byref, (width, dtype, heuristic)))
            self.kernels.append((width.value, (dtype.value or b"").decode(), bool(heuristic.value), config.decode()))

    def of(self, shape: Shape) -> list[int]:
        """The heuristic's kernel first."""
        found = [i for i, kernel in enumerate(self.kernels) if kernel[:2] == (shape.width, shape.dtype)]
        if not found:
            raise NotMeasured(f"no kernel was compiled ahead of time for rows of {shape.width} {shape.dtype}")
        return sorted(found, key=lambda i: not self.kernels[i][2])

    def launcher(self, index: int, rows: int) -> Run:
        import torch

        device = torch.cuda.current_device()

        def run(x: Any, weight: Any, out: Any) -> Any:
            stream = torch.cuda.current_stream().cuda_stream
            if self._call(index, x.data_ptr(), weight.data_ptr(), out.data_ptr(), rows, EPS, device, stream) != 0:
                raise RuntimeError(f"quack, {self.kernels[index][3]}: {self._library.quack_error().decode()}")
            return out

        return run


@functools.cache
def load(packages: Packages) -> Library:
    return Library(packages)


class Quack(Peer):
    name = "quack"
    about = "quack.rmsnorm._rmsnorm_fwd, the configuration of its heuristic"
    writes_into = True

    def version(self) -> str:
        return self.packages.version("quack")

    def kernels(self, shape: Shape, device: str) -> tuple[Library, list[int]]:
        if reason := self.packages.absent("quack"):
            raise NotMeasured(reason)
        if device != "cuda":
            raise NotMeasured("a CUDA kernel: it needs a GPU")
        try:
            library = load(self.packages)
        except OSError as error:
            raise NotMeasured(f"its library cannot be loaded: {error}") from error
        return library, library.of(shape)

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        library, found = self.kernels(shape, device)
        return library.launcher(found[0], shape.rows)


class QuackTuned(Quack):
    name = "quack-tuned"
    about = "quack.rmsnorm.rmsnorm_fwd_tuned, the fastest here of its autotuner's configurations"

    def __init__(self, packages: Packages) -> None:
        super().__init__(packages)
        self.chosen: dict[str, str] = {}  # shape -> configuration; replicates after the first are given it

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        library, found = self.kernels(shape, device)
        known = [i for i in found if library.kernels[i][3] == self.chosen.get(str(shape))]
        best = known[0] if known else self.tune(library, found, shape, time_of)
        self.chosen[str(shape)] = library.kernels[best][3]
        return library.launcher(best, shape.rows)

    def tune(self, library: Library, found: list[int], shape: Shape, time_of: TimeOf) -> int:
        """The five that were fastest at a glance are timed again. A configuration that cannot be launched is none."""
        times = {}
        for i in found:
            try:
                times[i] = time_of(library.launcher(i, shape.rows))
            except RuntimeError:
                if i == found[0]:
                    raise
        again = sorted(times, key=times.__getitem__)[:5]
        return min(again, key=lambda i: sum(time_of(library.launcher(i, shape.rows)) for _ in range(3)))
