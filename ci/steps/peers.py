"""Builds the RMSNorms of others (kernels/peers) into a folder that runs on a GPU machine without a compiler."""

from __future__ import annotations

import hashlib
import json
import lzma
import shutil
import subprocess
import zipfile
from pathlib import Path

from steps.build import parallel_jobs
from steps.console import Failure, run_logged, say
from steps.failures import explain

LIMIT_MB = 25
GROUPS = ["cpu", "cuda", "test", "peers"]  # cuda: nvcc
PACKAGES = ("liger_kernel", "packaging")  # Python only, carried as they are


class Absent(Exception):
    """Why one peer could not be built; the others still are."""


class Peers:
    """Whoever calls build() holds the checkout's lock."""

    def __init__(self, root, environment, keep_open=()):
        self.root = Path(root)
        self.environment = environment
        self.folder = self.root / ".cache" / "peers"
        self.work = self.root / ".cache" / "peers-build"
        self.log = self.root / ".cache" / "ci" / "peers.log"
        self.sources = self.root / "kernels" / "peers"
        self._keep_open = keep_open

    def build(self):
        """The folder: peers.json, liger_kernel/, lib/*.so.xz. Built again only when pins or sources changed."""
        key = self.key()
        try:
            if json.loads((self.folder / "peers.json").read_text())["key"] == key:
                return self.folder
        except (OSError, ValueError, KeyError):
            pass
        for folder in (self.folder, self.work):
            shutil.rmtree(folder, ignore_errors=True)
        (self.folder / "lib").mkdir(parents=True)
        self.work.mkdir(parents=True)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        about = {}
        for name, package, step in (
            ("liger", "liger-kernel", self.liger),
            ("flashinfer", "flashinfer-python", self.flashinfer),
            ("sgl-kernel", "sglang-kernel", self.sgl_kernel),
            ("quack", "quack-kernels", self.quack),
        ):
            about[name] = {"version": self.pin(package)}
            try:
                step()
            except (Absent, Failure) as reason:
                about[name]["absent"] = str(reason)
                say(f"warning: {name} is not packed: {reason}")
        whole = not any("absent" in one for one in about.values())  # else the next call tries again
        (self.folder / "peers.json").write_text(json.dumps({"key": key if whole else "", "peers": about}, indent=2) + "\n")
        shutil.rmtree(self.work)
        return self.folder

    def key(self):
        digest = hashlib.sha256(json.dumps(self.environment.group("peers") | self.environment.group("peers-files")).encode())
        for path in sorted([*self.sources.glob("build/*"), self.sources / "shapes.py", Path(__file__)]):
            digest.update(path.read_bytes() if path.is_file() else b"")
        return digest.hexdigest()

    def pin(self, package):
        return (self.environment.group("peers") | self.environment.group("peers-files"))[package]

    # --- one peer each ------------------------------------------------------------------------------

    def liger(self):
        skip = shutil.ignore_patterns("__pycache__", "*.pyc", "_ascend", "cutile", "_cutile")
        for name in PACKAGES:
            shutil.copytree(self.environment.site_packages / name, self.folder / name, ignore=skip)

    def flashinfer(self):
        self.unpack("flashinfer-python", "flashinfer/data/include/")
        include = self.work / "flashinfer/data/include"
        library = self.work / "libflashinfer_peer.so"
        self.run(
            "nvcc", f"{self.environment.cuda_toolkit}/bin/nvcc", "-O3", "-std=c++17", "-arch=sm_90a", "-shared",
            "-cudart=shared", "-Xcompiler=-fPIC", "-Xlinker=-Bsymbolic", "-isystem", include,
            "-isystem", include / "flashinfer",
            self.sources / "build/flashinfer_library.cu", "-o", library,
        )  # fmt: skip
        self.pack(library)

    def sgl_kernel(self):
        member = "sgl_kernel/sm90/common_ops.abi3.so"
        self.unpack("sglang-kernel", member)
        library = (self.work / member).rename(self.work / "libsgl_kernel_peer.so")
        self.pack(library)

    def quack(self):
        objects, site = self.work / "quack", self.environment.site_packages
        say("compiling QuACK for sm_90a")
        compiler = self.sources / "build/quack_objects.py"
        self.run("QuACK", self.environment.python, compiler, objects, f"--jobs={parallel_jobs()}")
        library = self.work / "libquack_peer.so"
        toolkit = Path(self.environment.cuda_toolkit)
        self.run(
            "g++", "g++", "-std=c++20", "-O2", "-shared", "-fPIC", "-Wl,--no-undefined", "-Wl,-rpath,$ORIGIN", "-s",
            "-I", objects, "-isystem", site / "tvm_ffi/include",
            self.sources / "build/quack_library.cpp", *sorted(objects.glob("*.o")),
            site / "nvidia_cutlass_dsl/cu13/lib/libcuda_dialect_runtime_static.a", site / "tvm_ffi/lib/libtvm_ffi.so",
            f"-L{toolkit}/lib64", "-lcudart", "-o", library,
        )  # fmt: skip
        self.pack(library)
        self.pack(site / "tvm_ffi/lib/libtvm_ffi.so")

    # --- what they share ----------------------------------------------------------------------------

    def run(self, tool, *command):
        before = self.log.stat().st_size
        if not run_logged(list(map(str, command)), self.log, keep_open=self._keep_open):
            lines = self.log.read_bytes()[before:].decode(errors="replace").strip().splitlines()[1:]
            first = next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")
            raise Absent(f"{tool} failed: {first.strip()}; see {self.log}")

    def unpack(self, package, prefix):
        """What lies under prefix in the package's wheel. The wheel is not installed: of hundreds of MB, little is needed."""
        wheels = self.work / "wheels"
        command = [self.environment.python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
                   "--retries=3", "--disable-pip-version-check", "-d", wheels, f"{package}=={self.pin(package)}"]  # fmt: skip
        if not run_logged(list(map(str, command)), self.log, keep_open=self._keep_open):
            raise explain(self.log, "pip", f"pip download of {package}")
        wheel = next(wheels.glob(f"{package.replace('-', '_')}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            members = [name for name in archive.namelist() if name.startswith(prefix)]
            if not members:
                raise Absent(f"{wheel.name} holds no {prefix}")
            archive.extractall(self.work, members)
        wheel.unlink()

    def pack(self, library):
        """lib/NAME.so.xz: the limit is tight, and a library is unpacked in a second."""
        target = self.folder / "lib" / f"{library.name}.xz"
        with open(library, "rb") as source, lzma.open(target, "wb", preset=6) as packed:
            shutil.copyfileobj(source, packed)


def place(root, folder, bundle):
    """What Peers.build() made and the programs that use it, into a bundle. Raises Failure when it is too large."""
    shutil.copytree(folder, bundle / "peers")
    skip = shutil.ignore_patterns("__pycache__", "*_test.py", "conftest.py", "build", "testdata", "CMakeLists.txt")
    shutil.copytree(Path(root) / "kernels" / "peers", bundle / "kernels" / "peers", ignore=skip)
    files = [path for path in (bundle / "peers").rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    if size > LIMIT_MB:
        largest = max(files, key=lambda path: path.stat().st_size)
        raise Failure(f"{bundle / 'peers'} has {size:.1f} MB, more than {LIMIT_MB}: the largest file is {largest}")
    return size
