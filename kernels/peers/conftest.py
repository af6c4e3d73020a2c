"""The peers' programs on a machine without a GPU, and the built bench that reads what they write."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "build")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench", help="the built bench program")


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> Path:
    return Path(request.config.getoption("--bench")).resolve()
