"""FlashInfer's CUDA kernel: its header norm.cuh, which ci/bundle builds into a library (build/flashinfer_library.cu)."""

from __future__ import annotations

import ctypes
from typing import Any

from peer import NotMeasured, Peer, Run, TimeOf
from shapes import EPS, Shape


class FlashInfer(Peer):
    name = "flashinfer"
    about = "flashinfer::norm::RMSNorm of norm.cuh, programmatic dependent launch on, as FlashInfer has it on Hopper"
    writes_into = True

    def version(self) -> str:
        return self.packages.version(self.name)

    def prepare(self, shape: Shape, device: str, time_of: TimeOf) -> Run:
        if reason := self.packages.absent(self.name):
            raise NotMeasured(reason)
        if device != "cuda":
            raise NotMeasured("a CUDA kernel: it needs a GPU")
        import torch

        try:
            library = self.packages.library("libflashinfer_peer")
        except OSError as error:
            raise NotMeasured(f"its library cannot be loaded: {error}") from error
        call, explain = library.flashinfer_rms_norm, library.flashinfer_error
        pointer, unsigned = ctypes.c_void_p, ctypes.c_uint32
        call.argtypes = [ctypes.c_int, pointer, pointer, pointer, unsigned, unsigned, ctypes.c_float, ctypes.c_int, pointer]
        explain.restype = ctypes.c_char_p
        dtype = ("bf16", "fp16", "fp32").index(shape.dtype)

        def run(x: Any, weight: Any, out: Any) -> Any:
            stream = torch.cuda.current_stream().cuda_stream
            code = call(dtype, x.data_ptr(), weight.data_ptr(), out.data_ptr(), shape.rows, shape.width, EPS, 1, stream)
            if code != 0:
                raise RuntimeError(f"flashinfer: {explain(code).decode()}")
            return out

        return run
