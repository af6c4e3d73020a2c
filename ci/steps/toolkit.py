"""The CUDA 13 toolkit: the system's if it can compile this project, else the one made of wheels."""

from __future__ import annotations

import glob
import os
import re
import shutil
import subprocess
from pathlib import Path

from steps.console import say

# A CUDA toolkit without these headers cannot compile against ATen/cuda.
HEADERS = ("cuda_runtime.h", "cublas_v2.h", "cublasLt.h", "cusparse.h", "cusolverDn.h", "cufft.h", "curand.h")


def has_gpu():
    if os.path.exists("/dev/nvidiactl") or os.path.exists("/proc/driver/nvidia/version"):
        return True
    smi = shutil.which("nvidia-smi")  # the only witness on WSL
    return bool(smi) and subprocess.run([smi, "-L"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def known_to_loader():
    """The sonames in the loader's cache."""
    cache = subprocess.run(["/sbin/ldconfig", "-p"], stdout=subprocess.PIPE, text=True).stdout
    return set(re.findall(r"^\s+(\S+) \(", cache, re.M))


def find_system_toolkit():
    """The folder of a CUDA 13 toolkit that can compile this project, or None."""
    home = os.environ.get("CUDA_HOME")
    candidates = [
        os.environ.get("CUDACXX"), home and f"{home}/bin/nvcc", shutil.which("nvcc"),
        "/usr/local/cuda/bin/nvcc", *sorted(glob.glob("/usr/local/cuda-13*/bin/nvcc"), reverse=True),
    ]  # fmt: skip
    for nvcc in dict.fromkeys(filter(None, candidates)):
        if not shutil.which(nvcc):
            continue
        answer = subprocess.run([nvcc, "--dryrun", "-c", "-x", "cu", "/dev/null"], stderr=subprocess.PIPE, text=True)
        version = subprocess.run([nvcc, "--version"], stdout=subprocess.PIPE, text=True).stdout
        release = re.search(r"release (\d+)\.\d+", version)
        top = re.search(r"^#\$ TOP=(.*)$", answer.stderr, re.M)
        if not release or not top:
            continue
        folder = Path(os.path.realpath(top.group(1)))
        headers = [h for h in HEADERS if not glob.glob(f"{folder}/include/{h}")]
        if release.group(1) != "13":
            say(f"{nvcc} is CUDA {release.group(0)[8:]}, not 13: passed over")
        elif headers:
            say(f"{folder} lacks {headers[0]}: passed over")
        else:
            return folder
    return None


def finish_wheels(site_packages):
    """Adds what CMake and nvcc expect of a toolkit's folder and wheels cannot hold: links."""
    folder = site_packages / "nvidia" / "cu13"
    if not (folder / "lib64").exists():
        (folder / "lib64").symlink_to("lib")
    for library in (folder / "lib").glob("lib*.so.*"):
        plain = library.with_name(library.name.split(".so.")[0] + ".so")
        if not plain.exists():
            plain.symlink_to(library.name)
    return folder
