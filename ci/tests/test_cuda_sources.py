"""bench_sees_cuda() of the CMake files names every source that asks whether there is CUDA.

One that is missing would quietly be compiled without."""

import re
import subprocess

from conftest import REPO

ASKS = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b.*\bBENCH_CUDA\b", re.M)


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=REPO, check=True, capture_output=True, text=True).stdout
    return [REPO / name for name in out.split("\0") if name]


def named():
    for file in tracked("*CMakeLists.txt"):
        for words in re.findall(r"^bench_sees_cuda\(([^)]*)\)", file.read_text(), re.M):
            for word in words.split():
                yield file.parent / word


def test_every_source_that_asks_is_named():
    asks = {file for file in tracked("bench/*.cpp", "kernels/*.cpp") if ASKS.search(file.read_text())}
    assert len(asks) > 5 and asks <= set(named())


def test_every_name_is_a_source():
    assert [file for file in named() if not file.is_file()] == []


def test_no_header_asks():
    """Else a source that includes it would have to be named, too."""
    assert [file for file in tracked("bench/*.h", "kernels/*.h") if ASKS.search(file.read_text())] == []
