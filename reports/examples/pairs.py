#!/usr/bin/env python3
"""Usage: reports/examples/pairs.py DIR

Cuts pairs of a base and a new result, real samples, out of what baselines keeps, for trying reports on:
  aa/        the last three processes of GPU-fcab64c9 against all others of h200/zimage.json: nothing changed
  injected/  the loop of h200/selftest/turbo-9-aten.json with 0.3 % of its cycles added, against the loop as it is
The pairing is made up after the event; the samples are as they were measured."""

from __future__ import annotations

import copy
import json
import shutil
import sys
from pathlib import Path
from typing import Any

BASELINES = Path(__file__).resolve().parents[2] / "baselines"
Json = dict[str, Any]


def read(name: str) -> Json:
    result: Json = json.loads((BASELINES / name).read_text())
    return result


def with_cases(result: Json, cases: list[Json]) -> Json:
    """A copy that holds these cases and is no baseline."""
    fresh = {key: copy.deepcopy(value) for key, value in result.items() if key != "cases"}
    fresh["settings"].pop("promotion", None)
    return {**fresh, "cases": cases}


def of_processes(cases: list[Json], keep: Any) -> list[Json]:
    kept = [{**case, "replicates": [r for r in case["replicates"] if keep(r)]} for case in cases]
    return [case for case in kept if case["replicates"]]


def unchanged() -> tuple[Json, Json]:
    result = read("h200/zimage.json")

    def is_new(replicate: Json) -> bool:
        return str(replicate["device_uuid"]).startswith("GPU-fcab64c9") and str(replicate["started"]) >= "2026-11-29T10:23:50Z"

    new = of_processes(result["cases"], is_new)
    ids = {case["id"] for case in new}
    base = [case for case in of_processes(result["cases"], lambda r: not is_new(r)) if case["id"] in ids]
    result["scenario"]["profile"] = "gate"  # which measured these; the file's is the last one promoted
    return with_cases(result, base), with_cases(result, new)


def injected() -> tuple[Json, Json]:
    result = read("h200/selftest/turbo-9-aten.json")
    cases = {case["id"]: case for case in result["cases"]}
    plain = next(name for name in cases if "#" not in name and "/loop/" in name)
    slower = {**cases[f"{plain}#spin=0.3%"], "id": plain, "hash": cases[plain]["hash"], "check": cases[plain]["check"]}
    again = {**cases[f"{plain}#none"], "hash": cases[plain]["hash"], "check": cases[plain]["check"]}
    anchors = [case for case in result["cases"] if case["kind"] == "anchor"]
    base = [cases[plain], {**cases[plain], "id": f"{plain}#none"}, *anchors]
    return with_cases(result, base), with_cases(result, [slower, again, *anchors])


PAIRS = {"aa": ("h200", unchanged), "injected": ("h200", injected)}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__, end="")
        return 0 if "--help" in sys.argv else 2
    for name, (gpu, make) in PAIRS.items():
        folder = Path(sys.argv[1]) / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, result in zip(("base.json", "new.json"), make(), strict=True):
            (folder / file).write_text(json.dumps(result))
        shutil.copy(BASELINES / gpu / "noise.json", folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
