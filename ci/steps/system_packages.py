"""System packages through apt-get, where this process may."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess

from steps.console import Failure, run_logged, say
from steps.failures import explain

# A package of the apt table counts as installed, too, when this program answers with a new enough version.
PROGRAMS = {"g++": "g++", "cmake": "cmake", "ninja-build": "ninja", "lld": "ld.lld", "ccache": "ccache", "git": "git"}


def version_tuple(text):
    """'4:12.2.0-14+deb12u1' -> (12, 2, 0)"""
    match = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", text)
    return tuple(map(int, match.group(1).split("."))) if match else ()


def missing_packages(table):
    """(name, version found or None) of each package of the table that is absent or too old."""
    found = {}
    if shutil.which("dpkg-query"):
        answer = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\n", *table],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        for name, status, *version in map(str.split, answer.stdout.splitlines()):
            if status == "installed":
                found[name] = version[0]
    missing = []
    for name, oldest in table.items():
        have = found.get(name)
        if have and version_tuple(have) >= version_tuple(oldest):
            continue
        if name in PROGRAMS and program_version(PROGRAMS[name]) >= version_tuple(oldest):
            continue
        if name == "python3-venv" and importlib.util.find_spec("ensurepip"):
            continue
        missing.append((name, have))
    return missing


def program_version(program):
    path = shutil.which(program)
    if not path:
        return ()
    answer = subprocess.run([path, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    match = re.search(r"\d+\.\d+(\.\d+)?", re.sub(r"\([^)]*\)", "", answer.stdout))
    return version_tuple(match.group(0)) if match else ()


def may_install():
    """The words before apt-get: [] as root, sudo's where it asks for no password; None without the right."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], stderr=subprocess.DEVNULL).returncode == 0:
        return ["sudo", "-n"]
    return None


def install_optional(table, log, keep_open=()):
    """Installs what of the table apt knows and the machine lacks; says what could not be, which is no failure."""
    missing = [name for name, _ in missing_packages(table)]
    if not missing:
        return
    names, prefix = " ".join(missing), may_install()
    if prefix is None or not shutil.which("apt-get"):
        say(f"without {names}, which is optional; as root: apt-get install -y {names}")
        return
    say(f"installing system packages for tests: {names}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    step = [*apt, "install", "-y", "--no-install-recommends", *missing]
    if not run_logged(step, log, keep_open=keep_open) and not (
        run_logged([*apt, "update"], log, keep_open=keep_open) and run_logged(step, log, keep_open=keep_open)
    ):
        say(f"without {names}, which is optional: apt-get could not install it, see {log}")


def install(table, log, keep_open=()):
    """Installs what the apt table of pyproject.toml names and the machine lacks; without the right to, says how."""
    missing = missing_packages(table)
    if not missing:
        return
    names = " ".join(name for name, _ in missing)
    if not shutil.which("apt-get"):
        raise Failure(f"no apt-get here (Debian 12, Ubuntu 24.04 and newer have it), and these are missing: {names}")
    prefix = may_install()
    if prefix is None:
        raise Failure(f"system packages are missing; as root: apt-get update && apt-get install -y {names}")
    say(f"installing system packages: {names}")
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    # An apt that was killed leaves dpkg half done; --configure -a finishes it and is quick otherwise.
    steps = [
        [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--configure", "-a"],
        [*apt, "update"],
        [*apt, "install", "-y", "--no-install-recommends", *names.split()],
    ]
    for step in steps:
        if not run_logged(step, log, keep_open=keep_open):
            raise explain(log, "apt-get", f"apt-get install {names}")
    if "python3-venv" in names:
        importlib.invalidate_caches()
    stale = [f"{name} {have or 'none'}" for name, have in missing_packages(table)]
    if stale:
        raise Failure(
            f"this system's packages are too old ({', '.join(stale)}; pyproject.toml names the oldest that do): "
            "use Debian 12, Ubuntu 24.04 or newer"
        )
