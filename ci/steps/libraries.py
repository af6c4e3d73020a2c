"""Which folders the loader must search so that torch and what torch loads are found, and are one version."""

from __future__ import annotations

import os
from pathlib import Path


def library_folders(torch):
    """torch/lib, then the nvidia wheels' folders beside torch."""
    site = Path(torch).parent
    return [str(Path(torch) / "lib"), *sorted(str(folder) for folder in site.glob("nvidia/*/lib"))]


def environment_with(folders, **more):
    """A copy of the environment with folders in front of LD_LIBRARY_PATH."""
    path = [*folders, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(path), **more}
