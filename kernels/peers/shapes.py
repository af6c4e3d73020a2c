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


SHAPES = tuple(  # of scenarios/rms_norm.yaml, as a test holds it: no other package is needed to read this
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
            "4128x3840.fp16",
            "4128x3840.fp32",
            "122880x128.bf16",  # Z-Image: heads of the image tokens
            "960x128.bf16",  # of the caption
            "123840x128.fp16",
            "123840x128.fp32",
            "624x128.bf16",  # Qwen-Image: heads of the caption
            "144x128.bf16",  # of the negative one
            "5088x128.bf16",  # Qwen-Image-Edit
            "5016x128.bf16",
            "12288x128.bf16",  # FLUX.1, klein 4B: heads of the caption
            "24576x128.bf16",  # FLUX.2-dev
            "131072x128.bf16",  # klein 9B: heads of the image tokens
            "147456x128.bf16",  # of all tokens
            "16384x128.bf16",  # of the caption
            "6x3584.bf16",  # Qwen-Image: features of the negative caption
            "212x3584.bf16",  # Qwen-Image-Edit
            "209x3584.bf16",
        ],
    )
)
