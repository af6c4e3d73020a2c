"""Another revision of this repository, checked out beside this one and built there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from steps.build import Build, locked
from steps.console import USAGE, Failure, say

# What decides what a set-up installs: where these are the same, so is the environment.
SET_UP = ("pyproject.toml", "ci/steps/environment.py", "ci/steps/system_packages.py", "ci/steps/toolkit.py")


def commit_of(root, revision):
    """The commit that a user's word names, 40 hex digits."""
    done = subprocess.run(
        ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    if done.returncode != 0:
        raise Failure(f"no revision '{revision}' in {root}: `git log --oneline` shows some", USAGE)
    return done.stdout.strip()


def check_out(root, commit):
    """The folder that holds this commit, in .cache/checkouts; made when it is not there."""
    folder = Path(root) / ".cache" / "checkouts" / commit[:12]
    with locked(root):
        if not (folder / ".git").exists():
            say(f"checking {commit[:12]} out into {os.path.relpath(folder, root)}")
            folder.parent.mkdir(parents=True, exist_ok=True)
            # Twice --force: a folder that was deleted by hand is still in git's list.
            done = subprocess.run(
                ["git", "-C", str(root), "worktree", "add", "--force", "--force", "--detach", str(folder), commit],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            if done.returncode != 0:
                raise Failure(f"git worktree add {folder}: {done.stderr.strip().splitlines()[-1]}")
        share_environment(Path(root), folder)
    if not (folder / "ci" / "bench").exists():
        raise Failure(f"revision {commit[:12]} has no ci/bench: it is older than the build scripts", USAGE)
    return folder


def share_environment(root, folder):
    """Lets the checkout use our .venv, gigabytes, where it pins the same; else it gets its own."""
    ours, theirs = root / ".venv", folder / ".venv"
    same = all(_bytes(root / name) == _bytes(folder / name) for name in SET_UP)
    if is_shared(theirs):
        shutil.rmtree(theirs)  # its links
    if same and ours.is_dir() and not theirs.exists():
        theirs.mkdir()  # a folder of links: .gitignore knows no link called .venv
        for entry in ours.iterdir():
            (theirs / entry.name).symlink_to(entry)


def is_shared(venv):
    return (venv / "pyvenv.cfg").is_symlink()


def build(root, commit, preset):
    """Checks the commit out and builds its bench by its own scripts; returns its folder."""
    folder = check_out(root, commit)
    if is_shared(folder / ".venv"):  # what is missing must be installed in ours
        with locked(root) as keep_open:
            Build(root, preset, keep_open).set_up()
            share_environment(Path(root), folder)
    env = {name: value for name, value in os.environ.items() if name not in ("BENCH_EXECUTABLE", "BENCH_ROOT")}
    env["BENCH_PRESET"] = preset
    done = subprocess.run([sys.executable, str(folder / "ci" / "bench"), "--version"], env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL)  # fmt: skip
    if done.returncode != 0:
        raise Failure(f"revision {commit[:12]} cannot be built in {folder}, see above")
    return folder


def _bytes(path):
    return path.read_bytes() if path.exists() else b""
