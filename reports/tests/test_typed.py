"""The package keeps its types."""

import subprocess
import sys

from conftest import TESTS

ROOT = TESTS.parents[1]


def test_mypy_strict(tmp_path):
    folders = ["reports/exports", "reports/examples", *sorted(map(str, ROOT.glob("reports/*.py")))]
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--python-version", "3.11", f"--cache-dir={tmp_path}", *folders],
                          cwd=ROOT, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
