"""The shapes that every implementation is measured at: those of the models, and tiny ones."""

from __future__ import annotations

import dataclasses

EPS = 1e-5  # kernels::kEps
BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}


@dataclasses.dataclass(frozen=True)
class Shape:
    rows: int
    width: int
    dtype: str

    def __str__(self) -> str:
        """As in case ids: 4128x3840.bf16."""
        return f"{self.rows}x{self.width}.{self.dtype}"

    @classmethod
    def parse(cls, text: str) -> Shape:
        sizes, _, dtype = text.partition(".")
        rows, _, width = sizes.partition("x")
        if not (rows.isdecimal() and width.isdecimal() and int(rows) * int(width) > 0 and dtype in BYTES):
            raise ValueError(f"{text} is no shape: ROWSxWIDTH.TYPE, as {SHAPES[0]}; types {', '.join(BYTES)}")
        return cls(int(rows), int(width), dtype)

    @property
    def elements(self) -> int:
        return self.rows * self.width

    @property
    def footprint(self) -> int:
        """Bytes of activations that one launch reads and writes."""
        return 2 * self.elements * BYTES[self.dtype]

    @property
    def bytes(self) -> int:
        """The least that one launch moves: the activations and the weight."""
        return self.footprint + self.width * BYTES[self.dtype]

    @property
    def flop(self) -> int:
        return 4 * self.elements


SHAPES = tuple(
    map(
        Shape.parse,
        [
            "4128x3840.bf16",  # Z-Image: image and text, its widest
            "4096x3840.bf16",  # image only
            "123840x128.bf16",  # heads of q and k
            "98304x128.bf16",  # FLUX and Qwen-Image: 24 heads of 4096 tokens
            "110592x128.bf16",  # 24 heads of 4608 tokens
            "221184x128.bf16",  # 48 heads of 4608 tokens: FLUX.2
            "196608x128.bf16",  # 48 heads of 4096 tokens
            "4608x6144.bf16",  # FLUX.2's width
            "32x3840.bf16",  # text tokens
            "26x3584.bf16",  # Qwen-Image's text
            "32x2560.fp32",  # Z-Image's caption
        ],
    )
)
