#!/usr/bin/env python3
"""Usage: reports/examples/make.py      writes the examples beside it anew, with `ci/bench report`

Of the pairs that pairs.py cuts out of baselines, and of those that `bench ab` measured (pull_request/pairs), it keeps
report.md, the overview and one case as SVG, and of `injected` the HTML."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCH = HERE.parents[1] / "ci" / "bench"
NOTE = "Example: real samples out of baselines, paired after the event by reports/examples/pairs.py; no change was under test."
KEPT = {  # example: the case whose figure is kept
    "aa": "case-zimage-loop-turbo-50-graph-fused",
    "injected": "case-zimage-loop-turbo-9-graph-aten",
}


MEASURED = "pull_request"
MEASURED_CASE = "case-zimage-loop-turbo-9-graph-decomposed----aten"
MEASURED_NOTE = "Example: the row z-image-9 of `ci/table scenarios/pull_request_20962.toml`, measured on an H200."


def keep(example: str, out: Path, files: list[str], note: str) -> None:
    for file in files:
        shutil.copy(out / file, HERE / example)
    for path in (HERE / example).glob("report.*"):  # what it is must go with it
        text = path.read_text()
        marked = text.replace("<main>\n", f"<main>\n<p>{note}</p>\n") if path.suffix == ".html" else f"{text}\n{note}\n"
        path.write_text(marked)


def main() -> int:
    if len(sys.argv) > 1:
        print(__doc__, end="")
        return 0 if "--help" in sys.argv else 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, HERE / "pairs.py", folder], check=True)
        for example, case in KEPT.items():
            subprocess.run([sys.executable, BENCH, "report", f"{example}/new.json", "--baseline", f"{example}/base.json",
                            "--out", f"out/{example}", "--figures", "20"], cwd=folder, check=True)  # fmt: skip
            shutil.rmtree(HERE / example, ignore_errors=True)
            (HERE / example).mkdir()
            files = ["report.md", "figures/forest.svg", f"figures/{case}.svg"]
            files += {"aa": ["figures/roofline.svg"], "injected": ["report.html"]}.get(example, [])
            keep(example, folder / "out" / example, files, NOTE)
        subprocess.run([sys.executable, BENCH, "report", HERE / MEASURED / "pairs", "--out", "out", "--figures", "20"], cwd=folder, check=True)
        keep(MEASURED, folder / "out", ["report.md", "figures/forest.svg", f"figures/{MEASURED_CASE}.svg"], MEASURED_NOTE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
