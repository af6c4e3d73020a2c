"""Runs a program of a bundle, with the torch of this machine's Python where it needs one. Python >= 3.8."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from steps.console import Failure, say
from steps.libraries import environment_with, library_folders

WITHOUT_TORCH = ("baseline", "compare", "explain", "report", "--help", "--version")  # what bench does by itself
FIND_TORCH = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"


def find_torch():
    """(python, folder of its torch)"""
    python = os.environ.get("BENCH_PYTHON") or "python3"
    if not shutil.which(python):
        raise Failure(f"no {python} on this machine: set BENCH_PYTHON to a Python that has torch")
    answer = subprocess.run([python, "-c", FIND_TORCH], stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0 or not answer.stdout.strip():
        raise Failure(f"{shutil.which(python)} has no torch: set BENCH_PYTHON to a Python that has it")
    return shutil.which(python), Path(answer.stdout.strip())


def torch_versions(torch):
    """('2.11.0', '13.0') out of torch/version.py, without the seconds that importing torch takes."""
    try:
        text = (torch / "version.py").read_text()
    except OSError:
        return "unknown", "unknown"
    version = re.search(r"^__version__\s*=\s*'([^'+]+)", text, re.M)
    cuda = re.search(r"^cuda\b[^=]*=\s*'([^']+)'", text, re.M)
    return version.group(1) if version else "unknown", cuda.group(1) if cuda else "none"


def check_torch(python, torch, built):
    have, want = torch_versions(torch), (built["torch"], built["cuda"])
    if have == want:
        return
    text = "{} has torch {} for CUDA {}, this bundle was built against torch {} for CUDA {}".format(python, *have, *want)
    if os.environ.get("BENCH_ANY_TORCH") != "1":
        raise Failure(f"{text}: set BENCH_PYTHON to a Python that has it (BENCH_ANY_TORCH=1 goes on anyway)")
    say(f"warning: {text}; going on, as BENCH_ANY_TORCH=1 says")


def needs_torch(folder, program, arguments):
    """Whether this call comes to torch. A bench of before bench-measure loads it whatever it does."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments  # what follows is Google Benchmark's
    by_itself = program == "bench" and bool(own) and (own[0] in WITHOUT_TORCH or "--help" in own)
    return not by_itself or not (folder / "bin" / "bench-measure").exists()


def run(root, program, arguments):
    """Replaces this process by the program of the bundle in root."""
    built = json.loads((root / "bundle.json").read_text())
    folder = root / built.get("runs", ".")  # a pair (ci/bundle --pair) runs B's programs
    binary = folder / "bin" / program
    if not binary.exists():
        names = ", ".join(sorted(path.name for path in (folder / "bin").iterdir()))
        raise Failure(f"no {program} in {folder / 'bin'}: there are {names}")
    libraries = [folder / "lib"]
    if folder != root:
        libraries.append(root / "lib")
    if "shared_lib" in built:  # of one arm of a pair
        libraries.append((root / built["shared_lib"]).resolve())
    more = {"BENCH_ROOT": str(root)}
    if needs_torch(folder, program, arguments):
        python, torch = find_torch()
        check_torch(python, torch, built)
        libraries += library_folders(torch)
        more["BENCH_PYTHON"] = python
    env = environment_with(map(str, libraries), **more)
    os.execve(binary, [program, *arguments], env)
