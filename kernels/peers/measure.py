#!/usr/bin/env python3
"""Usage: measure.py [--out FILE] [--shapes A,B] [--peers A,B] [--replicates N] [--placements N] [--regions N]
                  [--device cuda|cpu] [--packages DIR]

Times the RMSNorms of others by the method of bench's kernel cases, all of them in every replicate (a fresh process),
and writes a result file as bench does, which `bench compare` reads and table.py shows beside ours. A peer that cannot
be measured here is in it with the reason.
  --out FILE      default: results/peers.json
  --shapes A,B    of shapes.py or others, as 4128x3840.bf16; default: all of it
  --peers A,B     default: all
  --replicates N  default 2; --placements N in memory, default 4; --regions N of each placement, default 3
  --device cpu    the same code where there is no GPU; its times say nothing about one
  --packages DIR  what `ci/bundle --peers` packed; default: peers/ of this bundle or .cache/peers of this checkout

Exit codes: 0 measured (or said why not), 2 wrong arguments, 4 a case failed or its output is wrong, 6 no GPU here,
130 interrupted. Where it broke off, what had finished is in the file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import document  # noqa: E402
import packages  # noqa: E402
from replicate import utc_now  # noqa: E402
from registry import PEERS  # noqa: E402
from shapes import SHAPES, Shape  # noqa: E402

USAGE, INVALID, UNAVAILABLE, INTERRUPTED = 2, 4, 6, 130
SILENCE_S = 180  # a replicate that says nothing for so long hangs


class Failure(Exception):
    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Run:
    """Starts the replicates and keeps what they say."""

    program = Path(__file__).with_name("replicate.py")

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.cases = {
            (str(shape), name): document.Case(shape, name) for shape in options.shapes for name in options.peers
        }
        self.started = utc_now()
        self.finished = ""
        self.machine: dict[str, dict[str, str]] = {}
        self.bytes_between = 0
        self.uuids: set[str] = set()
        self.tuned: dict[str, str] = {}

    def replicates(self) -> None:
        for index in range(self.options.replicates):
            left = [key for key, case in self.cases.items() if not (case.not_measured or case.failed)]
            while left:
                ended = self.process(left, seed=1000 + index)
                say(f"replicate {index + 1} of {self.options.replicates}: {len(ended)} of {len(left)} cases")
                left = [key for key in left if key not in ended]  # after a crash: in another process
            self.write()
        self.finished = utc_now()
        self.write()

    def process(self, cases: list[tuple[str, str]], seed: int) -> set[tuple[str, str]]:
        """One process; the cases that it ended, the one in which it died among them."""
        job = {
            "device": self.options.device,
            "packages": str(self.options.packages),
            "seed": seed,
            "placements": self.options.placements,
            "regions": self.options.regions,
            "cases": cases,
            "tuned": self.tuned,
        }
        ended: set[tuple[str, str]] = set()
        under_way: tuple[str, str] | None = None
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen([sys.executable, self.program], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=errors, text=True)  # fmt: skip
            watchdog = Watchdog(child)
            try:
                assert child.stdin and child.stdout
                with contextlib.suppress(BrokenPipeError):  # it has ended already; its exit code and last words say why
                    child.stdin.write(json.dumps(job) + "\n")
                    child.stdin.close()
                for text in child.stdout:
                    watchdog.feed()
                    line = line_of(text)
                    if "unusable" in line:
                        raise Failure(line["unusable"], UNAVAILABLE)
                    if "machine" in line:
                        self.machine, self.bytes_between = line["machine"], line["bytes_between"]
                        self.uuids |= {line["device_uuid"]} - {""}
                    elif "begin" in line:
                        under_way = (line["begin"]["shape"], line["begin"]["peer"])
                    elif "end" in line:
                        under_way = None
                        ended.add(self.keep(line))
                child.wait()
            finally:
                watchdog.stop()
                child.kill()
                child.wait()
            errors.seek(0)
            last = (errors.read().decode(errors="replace").strip().splitlines() or ["no message"])[-1]
        if under_way:
            why = f"no sign of life for {SILENCE_S} s" if watchdog.bit else f"exit code {child.returncode}: {last}"
            self.cases[under_way].failed = f"its process ended: {why}"
            ended.add(under_way)
        elif len(ended) < len(cases) and not ended:
            raise Failure(f"a replicate ended before its first case, exit code {child.returncode}: {last}", INVALID)
        return ended

    def keep(self, line: dict[str, Any]) -> tuple[str, str]:
        key = (line["end"]["shape"], line["end"]["peer"])
        case = self.cases[key]
        case.not_measured = line.get("not_measured", "")
        case.failed = line.get("failed", "")
        if "measurement" in line:
            case.measurements.append(document.Measurement(**line["measurement"]))
            case.parameters = line["parameters"]
            self.tuned |= line["tuned"]
        return key

    def not_ok(self) -> dict[tuple[str, str], list[str]]:
        """(peer, what is the matter) -> its shapes."""
        found: dict[tuple[str, str], list[str]] = {}
        for case in self.cases.values():
            status, message = document.verdict_of(case)
            if status != "ok":
                found.setdefault((case.peer, f"{status}: {message}"), []).append(str(case.shape))
        return found

    def has_measured(self) -> bool:
        return any(case.measurements for case in self.cases.values())

    def write(self) -> None:
        machine = {group: dict(facts) for group, facts in self.machine.items()}
        if len(self.uuids) == 1:
            machine.setdefault("gpu", {})["uuid"] = next(iter(self.uuids))
        if driver := driver_version():
            machine["driver"] = {"version": driver}
        cases = [document.case_document(c, self.options.device, self.bytes_between) for c in self.cases.values()]
        about = packages.Packages(self.options.packages)
        versions = {name: about.version(name) for name in ("liger", "flashinfer", "sgl-kernel", "quack") if about.version(name)}
        revision = git_revision()
        content = {
            "schema_version": 1,
            "tool": {"name": "bench", "version": "0.1.0", "git_sha": revision[0], "git_dirty": revision[1]},
            "argv": sys.argv,
            "started": self.started,
            "finished": self.finished,
            "interrupted": not self.finished,
            "scenario": {
                "name": document.SCENARIO,
                "file": "kernels/peers/measure.py",
                "profile": "all",
                "device": self.options.device,
                "overrides": [],
                "text": "",
            },
            "machine": machine,
            "settings": {"peers": versions} if versions else {},
            "phases_s": {},
            "cases": cases,
        }
        with writing(self.options.out):
            document.write(self.options.out, content)


class Watchdog:
    """Kills a child that says nothing for SILENCE_S."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self.child, self.bit = child, False
        self.feed(first=True)

    def feed(self, first: bool = False) -> None:
        if not first:
            self.timer.cancel()
        self.timer = threading.Timer(SILENCE_S, self.bite)
        self.timer.daemon = True
        self.timer.start()

    def bite(self) -> None:
        self.bit = True
        self.child.kill()

    def stop(self) -> None:
        self.timer.cancel()


def line_of(text: str) -> dict[str, Any]:
    """What a replicate says; {} of what a library of some peer printed past Python."""
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


def say(text: str) -> None:
    print(f"measure.py: {text}", file=sys.stderr, flush=True)


def output_of(*command: str) -> str:
    try:
        done = subprocess.run(command, cwd=packages.ROOT, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def driver_version() -> str:
    return output_of("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader").split("\n")[0]


def git_revision() -> tuple[str, bool]:
    """Of the bundle, else of the checkout."""
    try:
        about = json.loads((packages.ROOT / "bundle.json").read_text())
        return about["git_sha"], about["dirty"]
    except (OSError, ValueError, KeyError):
        return output_of("git", "rev-parse", "HEAD"), bool(output_of("git", "status", "--porcelain", "--untracked-files=no"))


def parse(arguments: list[str]) -> argparse.Namespace:
    known = [kind.name for kind in PEERS]

    def peer_list(text: str) -> list[str]:
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is no peer: any of {', '.join(known)}")
        return text.split(",")

    def shape_list(text: str) -> list[Shape]:
        try:
            return [Shape.parse(word) for word in text.split(",")]
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    def count(text: str) -> int:
        if not text.isdecimal() or int(text) < 1:
            raise argparse.ArgumentTypeError(f"{text} is no count: 1 or more")
        return int(text)

    parser = argparse.ArgumentParser(prog="measure.py", add_help=False)
    parser.error = usage_error  # type: ignore[method-assign,assignment]
    parser.add_argument("--out", type=Path, default=Path("results/peers.json"))
    parser.add_argument("--shapes", type=shape_list, default=list(SHAPES))
    parser.add_argument("--peers", type=peer_list, default=known)
    parser.add_argument("--replicates", type=count, default=2)
    parser.add_argument("--placements", type=count, default=4)
    parser.add_argument("--regions", type=count, default=3)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--packages", type=Path, default=packages.find())
    return parser.parse_args(arguments)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """What cannot be written there is a Failure."""
    try:
        yield
    except OSError as error:
        raise Failure(f"cannot write {error.filename or path}: {error.strerror}: name another place with --out", USAGE) from error


def usage_error(text: str) -> None:
    raise Failure(text, USAGE)


def keep(run: Run | None) -> None:
    """Writes what had finished when the run ends early."""
    try:
        if run and run.has_measured():
            run.write()
    except Failure as failure:
        say(str(failure))


def main(arguments: list[str]) -> int:
    if "--help" in arguments or "-h" in arguments:
        print(__doc__, end="")
        return 0
    run = None
    try:
        run = Run(parse(arguments))
        with writing(run.options.out):
            document.check_writable(run.options.out)
        run.replicates()
    except Failure as failure:
        if failure.code != USAGE:
            keep(run)
        say(str(failure))
        return failure.code
    except OSError as error:
        keep(run)
        say(f"a process of the run broke off: {error}")
        return INVALID
    except KeyboardInterrupt:
        keep(run)
        say("interrupted")
        return INTERRUPTED
    for (peer, verdict), shapes in run.not_ok().items():
        say(f"{peer}, {', '.join(shapes)}: {verdict}")
    print(run.options.out)
    verdicts = [document.verdict_of(case)[0] for case in run.cases.values()]
    return INVALID if "failed" in verdicts or "invalid" in verdicts else 0


if __name__ == "__main__":
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    sys.exit(main(sys.argv[1:]))
