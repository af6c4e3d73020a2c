"""Reports of the made-up pair of sample.py, and approved outputs: APPROVE=1 takes what comes out for right; look at the diff."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS.parents[1]), str(TESTS)]

import sample  # noqa: E402

from reports import reading  # noqa: E402
from reports.document import Report  # noqa: E402


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """zimage.json (the baseline), new.json, comparison.json"""
    made = tmp_path_factory.mktemp("sample")
    sample.write(made)
    comparison = json.loads((TESTS / "data" / "comparison.json").read_text())
    (made / "comparison.json").write_text(json.dumps({**comparison, "baseline_file": "baselines/h200/zimage.json"}))
    return made


@pytest.fixture(scope="session")
def report(folder: Path) -> Report:
    return reading.load(folder / "new.json", folder / "zimage.json", folder / "comparison.json")


@pytest.fixture
def approved() -> Callable[[str, str], None]:
    def check(name: str, text: str) -> None:
        path = TESTS / "approved" / name
        if os.environ.get("APPROVE") == "1":
            path.write_text(text)
        assert path.exists(), f"{path} is not there: APPROVE=1 makes it; look at it"
        assert text == path.read_text(), f"{path} differs: if what came out is right, APPROVE=1 takes it"

    return check
