import re
from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption("--operators", help="the built libbench_kernels.so")


@pytest.fixture(scope="session")
def library(request):
    """Loads it; the names of its operators, out of the header that it is built from."""
    import torch

    torch.ops.load_library(request.config.getoption("--operators"))
    header = (Path(__file__).parent / "schemas.h").read_text()
    names = re.findall(r'^    "(\w+)\(Tensor', header, re.M)
    assert len(names) == header.count(") -> ")
    return names
