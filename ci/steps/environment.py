"""Brings a machine to what pyproject.toml pins: system packages by apt, Python packages in .venv."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from steps import system_packages, toolkit
from steps.console import Failure, run_logged, say
from steps.failures import explain

GROUPS = ("cpu", "cuda", "peers", "reports", "test")
DPKG_STATUS = "/var/lib/dpkg/status"


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


class Environment:
    """The virtual environment of one checkout. Whoever calls set_up() holds the checkout's lock."""

    def __init__(self, root):
        self.root = Path(root)
        self.venv = self.root / ".venv"
        self.python = self.venv / "bin" / "python3"
        self.stamp_file = self.venv / "bench-setup.json"
        self.log = self.root / ".cache" / "ci" / "setup.log"
        self._pins = None

    # --- what is there -----------------------------------------------------------------------------

    @property
    def pins(self):
        if self._pins is None:
            import tomllib

            with open(self.root / "pyproject.toml", "rb") as file:
                self._pins = tomllib.load(file)
        return self._pins

    @property
    def site_packages(self):
        """The folder of the Python that pyvenv.cfg names, found without starting that Python."""
        try:
            version = re.search(r"^version(?:_info)? *= *(\d+\.\d+)", (self.venv / "pyvenv.cfg").read_text(), re.M)
        except OSError:
            return None
        return version and self.venv / "lib" / f"python{version.group(1)}" / "site-packages"

    def stamp(self):
        try:
            return json.loads(self.stamp_file.read_text())
        except (OSError, ValueError):
            return {}

    def fingerprint(self):
        """Changes with the pins, this code, the system's packages, and the arrival of a GPU."""
        digest = hashlib.sha256()
        for path in (self.root / "pyproject.toml", __file__, system_packages.__file__, toolkit.__file__):
            digest.update(Path(path).read_bytes())
        if os.path.exists(DPKG_STATUS):
            digest.update(str(os.stat(DPKG_STATUS).st_mtime_ns).encode())
        digest.update(f"{toolkit.has_gpu()} {os.environ.get('CUDACXX')} {os.environ.get('CUDA_HOME')}".encode())
        return digest.hexdigest()

    def is_ready(self, groups):
        stamp, fingerprint = self.stamp(), self.fingerprint()
        return (
            all(stamp.get(group) == fingerprint for group in groups)
            and self.python.exists()
            and ("cuda" not in groups or os.path.exists(f"{stamp.get('toolkit')}/bin/nvcc"))
        )

    @property
    def cuda_toolkit(self):
        """The folder of the CUDA toolkit that `ci/setup cuda` chose."""
        return self.stamp()["toolkit"]

    @property
    def torch(self):
        return self.site_packages / "torch"

    # --- what is to be done ------------------------------------------------------------------------

    def set_up(self, groups, keep_open=()):
        self._keep_open = keep_open
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        system_packages.install(self.pins["tool"]["bench"]["apt"], self.log, keep_open)
        if "test" in groups:
            system_packages.install_optional(self.pins["tool"]["bench"].get("apt-test", {}), self.log, keep_open)
        system_toolkit = toolkit.find_system_toolkit() if "cuda" in groups else None
        wanted = self._wanted(groups, system_toolkit)
        self._make_venv()
        self._install_wheels(wanted)
        stamp = self.stamp()
        stamp.update({group: self.fingerprint() for group in groups})
        if "cuda" in groups:
            stamp["toolkit"] = str(system_toolkit or toolkit.finish_wheels(self.site_packages))
        temporary = self.stamp_file.with_suffix(".tmp")
        temporary.write_text(json.dumps(stamp, indent=2) + "\n")
        temporary.replace(self.stamp_file)

    # --- Python packages ---------------------------------------------------------------------------

    def _make_venv(self):
        if self.python.exists() and self.site_packages and self.site_packages.is_dir() and self._has_pip():
            return
        if self.venv.is_symlink() or self.venv.is_file():
            raise Failure(f"{self.venv} is no folder: move it away")
        say(f"mending {self.venv}" if self.venv.exists() else f"creating {self.venv}")
        for link in self.venv.glob("bin/python*"):
            if not link.exists():  # its Python is gone
                link.unlink()
        base = getattr(sys, "_base_executable", sys.executable)  # not the Python of another venv
        # First over what is there, which keeps its packages; from nothing when that is not enough.
        for more in ([], ["--clear"]):
            run_logged([base, "-m", "venv", *more, self.venv], self.log, keep_open=self._keep_open)
            if self.python.exists() and self.site_packages and self._has_pip():
                return
        raise explain(self.log, "python3 -m venv", f"{base} -m venv {self.venv}")

    def _has_pip(self):
        return subprocess.run([self.python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0  # fmt: skip

    def group(self, name):
        """A dependency group as {name: version}, the groups it includes resolved (PEP 735)."""
        pins = {}
        for entry in self.pins["dependency-groups"][name]:
            if isinstance(entry, dict):
                pins.update(self.group(entry["include-group"]))
            else:
                package, version = entry.split("==")
                pins[canonical(package)] = version
        return pins

    def _wanted(self, groups, system_toolkit):
        wanted = {}
        for group in groups:
            wanted.update(self.group(group))
        if system_toolkit:
            for package in self.group("cuda-toolkit"):
                wanted.pop(package, None)
        # What is measured must run on the pinned libraries, and the wheels' toolkit links against them.
        # A machine that only compiles and tests saves 2 GB with those that its loader knows already.
        if not toolkit.has_gpu() and ("cuda" not in groups or system_toolkit):
            known = toolkit.known_to_loader()
            for package, soname in self.pins["tool"]["bench"]["soname"].items():
                if soname in known:
                    wanted.pop(package, None)
        return wanted

    def _installed(self):
        """{name: version} of the packages that are whole. What a killed pip left is cleared away."""
        site = self.site_packages
        for rubbish in site.glob("~*"):
            shutil.rmtree(rubbish, ignore_errors=True)
        whole = {}
        for info in site.glob("*.dist-info"):
            name, _, version = info.name[: -len(".dist-info")].partition("-")
            try:
                record = (info / "RECORD").read_text().splitlines()
                files = [line.rsplit(",", 2)[0].strip('"') for line in record]
                complete = (info / "INSTALLER").exists() and all(
                    os.path.exists(site / file) for file in files if file and not file.endswith(".pyc")
                )
            except OSError:
                complete = False
            if complete:
                whole[canonical(name)] = version
            else:
                shutil.rmtree(info)
        return whole

    def _install_wheels(self, wanted):
        installed = self._installed()
        missing = {name: version for name, version in wanted.items() if installed.get(name) != version}
        if not missing:
            return
        sizes = self.pins["tool"]["bench"]["megabytes"]
        megabytes = sum(sizes.get(name, 5) for name in missing)
        free = shutil.disk_usage(self.venv).free / 1e6
        if free < 1.5 * megabytes:
            raise Failure(
                f"too little disk space for {self.venv}: {len(missing)} packages need {1.5 * megabytes / 1e3:.1f} GB while "
                f"they are installed, {free / 1e3:.1f} GB are free: free some, or move the checkout"
            )
        say(f"installing {len(missing)} Python packages into .venv, {megabytes / 1e3:.1f} GB on disk")
        env = {k: v for k, v in os.environ.items() if k not in ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PYTHONPATH")}
        pins = [f"{name}=={version}" for name, version in missing.items()]
        command = [self.python, "-m", "pip", "install", "--no-deps", "--only-binary=:all:", "--no-input", "--retries=3", "--no-compile",
                   "--disable-pip-version-check", *pins]  # fmt: skip
        if not run_logged(command, self.log, env=env, keep_open=self._keep_open):
            raise explain(self.log, "pip", f"pip install of {len(pins)} packages")
        installed = self._installed()
        absent = [f"{name}=={version}" for name, version in missing.items() if installed.get(name) != version]
        if absent:
            raise Failure(f"pip ended well but {absent[0]} is not whole in {self.site_packages}; see {self.log}")

