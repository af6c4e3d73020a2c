"""A checkout to try the scripts on: in a path with a space, with a fake pip, apt-get and dpkg-query."""

import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "ci"))

from steps.environment import Environment  # noqa: E402

PYPROJECT = """
[dependency-groups]
cpu = ["torch==1.0", "small==2.0"]
test = [{include-group = "cpu"}, "tester==3.0"]
[tool.bench.soname]
[tool.bench.megabytes]
torch = 1000
[tool.bench.apt]
cmake = "3.25"
libthing-dev = "2.0"
"""

# Writes down how it was called; installs a package as pip does: files first, INSTALLER and RECORD's last line last.
FAKE_PIP = """
import os, sys, time
from pathlib import Path
site = Path(__file__).resolve().parent.parent
if sys.argv[1:] == ["--version"]:
    sys.exit(0)
(site / "pip-calls").open("a").write(" ".join(a for a in sys.argv[1:] if "==" in a) + "\\n")
mode = os.environ.get("FAKE_PIP", "ok")
if mode not in ("ok", "hang"):
    sys.exit(f"ERROR: {mode}")
for pin in [a for a in sys.argv[1:] if "==" in a]:
    name, version = pin.split("==")
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"{name}.py,,\\n{info.name}/RECORD,,\\n")
    if mode == "hang":
        (site / "pip-pid").write_text(str(os.getpid()))
        time.sleep(60)
    (site / f"{name}.py").write_text("")
    (info / "INSTALLER").write_text("pip")
"""

DPKG_QUERY = """#!/bin/sh
cat "$FAKE_DPKG"
"""
# Installing makes dpkg-query list what FAKE_APT_GIVES holds.
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$FAKE_DPKG.calls"
[ -z "$FAKE_APT_ERROR" ] || { echo "$FAKE_APT_ERROR" >&2; exit 100; }
case "$*" in *install*) echo "$FAKE_APT_GIVES" >>"$FAKE_DPKG" ;; esac
"""


class Checkout:
    def __init__(self, root, tools):
        self.root = root
        self.tools = tools
        self.dpkg = tools / "installed"
        self.site = Path()
        self.env = {"PATH": str(tools), "HOME": str(tools), "FAKE_DPKG": str(self.dpkg), "LANG": "C.UTF-8"}

    def run(self, script, *arguments, before="", cwd=None, **env):
        """Runs ci/<script> to its end; `before` is Python executed in its process first, to simulate a machine."""
        return subprocess.run(self.command(script, *arguments, before=before), cwd=cwd or self.root, capture_output=True,
                              text=True, env={**self.env, **env}, timeout=120)  # fmt: skip

    def command(self, script, *arguments, before=""):
        path = str(self.root / "ci" / script)
        if not before:
            return [sys.executable, path, *arguments]
        code = f"import sys, runpy\nsys.argv = {[path, *arguments]!r}\n{before}\nrunpy.run_path({path!r}, run_name='__main__')"
        return [sys.executable, "-c", code]

    def pip_calls(self):
        try:
            return (self.site / "pip-calls").read_text().splitlines()
        except OSError:
            return []

    def apt_calls(self):
        calls = Path(f"{self.dpkg}.calls")
        return calls.read_text().splitlines() if calls.exists() else []


def program(name):
    """A script of ci/, imported."""
    loader = importlib.machinery.SourceFileLoader(f"ci_{name}", str(REPO / "ci" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def executable(path, text):
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path):
    """A checkout before its first set-up, on a machine whose system packages are all there."""
    root, tools = tmp_path / "my checkout", tmp_path / "tools"
    tools.mkdir()
    shutil.copytree(REPO / "ci", root / "ci", ignore=shutil.ignore_patterns("__pycache__", "tests"))
    (root / "pyproject.toml").write_text(PYPROJECT)
    executable(tools / "dpkg-query", DPKG_QUERY)
    executable(tools / "apt-get", APT_GET)
    for real in ("sh", "cat", "env"):
        (tools / real).symlink_to(shutil.which(real))
    executable(tools / "dpkg", "#!/bin/sh\n")
    checkout = Checkout(root, tools)
    checkout.dpkg.write_text("cmake installed 3.25.1-1\nlibthing-dev installed 1:2.1\n")
    return checkout


@pytest.fixture
def checkout(bare):
    """The same with a virtual environment that holds the fake pip and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare.root / ".venv"], check=True)
    bare.site = Environment(bare.root).site_packages
    (bare.site / "pip").mkdir()
    (bare.site / "pip" / "__main__.py").write_text(FAKE_PIP)
    return bare


def note_as_set_up(checkout, **stamp):
    """Writes the stamp that a finished set-up leaves; stamp: what it holds besides the groups."""
    code = (  # the copy's own code decides the fingerprint
        f"import sys; sys.path.insert(0, {str(checkout.root / 'ci')!r})\n"
        f"from steps.environment import Environment\nprint(Environment({str(checkout.root)!r}).fingerprint())"
    )
    answer = subprocess.run([sys.executable, "-c", code], env=checkout.env, capture_output=True, text=True, check=True)
    stamp["cpu"] = stamp["cuda"] = answer.stdout.strip()
    Environment(checkout.root).stamp_file.write_text(json.dumps(stamp))


@pytest.fixture
def project(bare):
    """A checkout that is set up, with a C++ program `bench` of its own and the real build tools."""
    (bare.root / ".venv" / "bin").mkdir(parents=True)
    (bare.root / ".venv" / "bin" / "python3").symlink_to(sys.executable)
    (bare.root / ".venv" / "pyvenv.cfg").write_text("version = 3.11.2\n")
    bare.env["PATH"] = os.environ["PATH"]
    note_as_set_up(bare)
    shutil.copy(REPO / "CMakePresets.json", bare.root)
    (bare.root / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(bench LANGUAGES CXX)\n"
        "set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)\nadd_executable(bench main.cpp)\n"
        'add_custom_target(look COMMAND ${CMAKE_COMMAND} -E true COMMENT "")\nadd_dependencies(bench look)\n'
    )
    (bare.root / "main.cpp").write_text(
        "#include <cstdio>\n#include <cstdlib>\n#include <unistd.h>\n"
        "int main(int n, char** a) {\n  char folder[4096];\n"
        '  std::printf("%s|%s|%s|%d\\n", getcwd(folder, sizeof folder), std::getenv("BENCH_ROOT"), n > 1 ? a[1] : "", n);\n'
        "  return 3;\n}\n"
    )
    bare.env["BENCH_PRESET"] = "cpu"
    return bare
