"""The parent of the replicates, and what they are made of."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import measure
import method
import pytest
import torch
from accuracy import accuracy, exact
from conftest import HERE
from packages import Packages
from peer import NotMeasured
from peer_quack import QuackTuned
from registry import PEERS, peers
from shapes import EPS, SHAPES, Shape

L2 = 60 << 20


def run_script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, HERE / "measure.py", *arguments], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--peers", "quark"], "quark is no peer: any of aten, inductor, liger, flashinfer, sgl-kernel, quack, quack-tuned"),
        (["--shapes", "32x.bf16"], "32x.bf16 is no shape"),
        (["--regions", "0"], "0 is no count"),
        (["--shapes", "0x128.bf16"], "0x128.bf16 is no shape"),
        (["--fast"], "unrecognized arguments: --fast"),
    ],
)
def test_wrong_arguments_are_one_line(arguments: list[str], said: str) -> None:
    done = run_script(*arguments)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_a_place_that_cannot_be_written_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out, said in ((tmp_path, "Is a directory"), (tmp_path / "file" / "r.json", "File exists"), (Path("/proc/none/r"), "No such file")):
        done = run_script("--device", "cpu", "--shapes", "32x256.bf16", "--peers", "aten", "--out", str(out))
        assert done.returncode == 2 and "cannot write" in done.stderr and said in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_no_gpu(tmp_path: Path) -> None:
    done = run_script("--shapes", "32x256.bf16", "--out", str(tmp_path / "r.json"))
    assert done.returncode == 6 and "no usable GPU" in done.stderr and not (tmp_path / "r.json").exists()


# A replicate that ends its first case, dies in `liger`, and measures nothing that it was not asked for.
DIES = """
import json, os, sys
job = json.loads(sys.stdin.readline())
def say(**line): print(json.dumps(line), flush=True)
say(machine={}, bytes_between=1 << 22, device_uuid="")
print("a library's greeting", flush=True)
print("{a library's braces}", flush=True)
print('{"a library": "speaks JSON"}', flush=True)
for shape, peer in job["cases"]:
    case = {"shape": shape, "peer": peer}
    say(begin=case)
    if peer == "liger":
        print("an illegal memory access", file=sys.stderr)
        os._exit(9)
    say(end=case, measurement={"process": os.getpid(), "t_s": [1e-5], "start_s": [0.0], "placement": [0], "region": [0]},
        parameters={}, tuned={})
"""


def test_a_crash_costs_one_case(tmp_path: Path) -> None:
    (tmp_path / "dies.py").write_text(DIES)
    arguments = ["--device", "cpu", "--shapes", "32x256.bf16", "--peers", "aten,liger,quack", "--out", str(tmp_path / "r")]
    options = measure.parse(arguments)
    run = measure.Run(options)
    run.program = tmp_path / "dies.py"
    run.replicates()
    cases = {peer: case for (_, peer), case in run.cases.items()}
    assert cases["liger"].failed == "its process ended: exit code 9: an illegal memory access"
    for peer in ("aten", "quack"):
        assert len(cases[peer].measurements) == 2 and not cases[peer].failed
    first = [cases[peer].measurements[0].process for peer in ("aten", "quack")]
    assert first[0] != first[1]  # another process after the crash
    assert (tmp_path / "r").exists()


# Measures a case where it has several; where one is left it ends before that.
ENDS_BEFORE_THE_LAST = DIES.replace("for shape, peer in job", """
if len(job["cases"]) == 1:
    sys.exit("out of memory")
for shape, peer in job""").replace('job["cases"]:', 'job["cases"][:1]:')


def test_what_had_finished_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ends.py").write_text(ENDS_BEFORE_THE_LAST)
    monkeypatch.setattr(measure.Run, "program", tmp_path / "ends.py")
    code = measure.main(["--device", "cpu", "--shapes", "32x256.bf16", "--peers", "aten,quack", "--out", str(tmp_path / "r.json")])
    assert code == 4 and "ended before its first case, exit code 1: out of memory" in capsys.readouterr().err
    kept = json.loads((tmp_path / "r.json").read_text())
    assert kept["interrupted"] and {case["id"][-5:]: case["status"] for case in kept["cases"]} == {"/aten": "ok", "quack": "failed"}


def test_a_replicate_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import sys; sys.exit('no torch here')\n")
    run = measure.Run(measure.parse(["--device", "cpu", "--shapes", "32x256.bf16", "--out", str(tmp_path / "r")]))
    run.program = tmp_path / "broken.py"
    with pytest.raises(measure.Failure, match="ended before its first case, exit code 1: no torch here"):
        run.replicates()


def test_rotation_is_that_of_bench() -> None:
    """The promises of bench/kernel_bench/rotation_test.cpp."""
    between = method.bytes_between(L2)
    assert between == 200e6 and method.bytes_between(200 << 20) == 400 << 20
    for size in (4128 * 3840 * 2 * 2, 32 * 3840 * 2 * 2, 210_000):
        assert (method.sets_for(size, between) - 2) * size <= between <= (method.sets_for(size, between) - 1) * size
    assert method.sets_for(1 << 40, between) == 2
    assert method.sets_for(64, between) == 1000
    for launch_s in (1e-6, 2e-5, 3e-3, 0.5):
        for sets in (2, 4, 5, 600):
            launches, replays = method.region_for(launch_s, 0.02, sets)
            assert launches * replays * launch_s >= 0.02
            assert launches % sets == 0 and launches <= max(1000, sets)
            assert (launches - sets) * replays * launch_s <= 0.02


def test_launches_rotate_over_their_own_buffers() -> None:
    device = method.CpuDevice()
    buffers = method.Buffers(device, Shape.parse("4x8.fp32"), 3, seed=1)
    seen: list[int] = []

    def run(x: torch.Tensor, weight: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
        seen.append([x is one for one in buffers.x].index(True))
        return out.copy_(x * weight)

    region = method.TimedRegion(device, buffers.launcher(run, writes_into=True), 3, 0, size=(6, 2))
    region.run()
    assert seen == [0, 1, 2] * 4
    assert len({one.data_ptr() for one in [*buffers.x, *buffers.out]}) == 6
    assert all(torch.equal(out, x * buffers.weight) for x, out in zip(buffers.x, buffers.out))


def test_accuracy() -> None:
    torch.manual_seed(1)
    x, weight = torch.randn(16, 64).bfloat16(), torch.randn(64).bfloat16()
    best = exact(x, weight, EPS).bfloat16()
    seen = accuracy(best, x, weight, EPS, "bf16")
    assert seen.finite and 0.3 < seen.max_ulp <= 0.5 and seen.exact_share == 1
    off = best.clone()
    off[3, 5] = torch.nextafter(off[3, 5], torch.tensor(torch.inf, dtype=torch.bfloat16))
    assert accuracy(off, x, weight, EPS, "bf16").max_ulp > 0.5
    assert accuracy(off, x, weight, EPS, "bf16").exact_share == 1 - 1 / (16 * 64)
    assert accuracy(off, x, weight, EPS, "bf16").checksum != seen.checksum
    off[3, 5] = torch.nan
    broken = accuracy(off, x, weight, EPS, "bf16")
    assert not broken.finite and broken.exact_share == 0


def test_a_peer_that_is_not_there_says_why(tmp_path: Path) -> None:
    reasons = {}
    for peer in peers(Packages(tmp_path)):
        try:
            peer.prepare(SHAPES[0], "cuda" if peer.name not in ("aten", "inductor") else "cpu", lambda run: 0)
        except NotMeasured as reason:
            reasons[peer.name] = str(reason)
    assert sorted(reasons) == ["flashinfer", "liger", "quack", "quack-tuned", "sgl-kernel"]
    assert all(reason == f"nothing is packed in {tmp_path}: `ci/bundle --peers` does that" for reason in reasons.values())
    (tmp_path / "peers.json").write_text('{"peers": {"quack": {"version": "1", "absent": "g++ failed: no"}}}')
    with pytest.raises(NotMeasured, match=r"^g\+\+ failed: no$"):
        QuackTuned(Packages(tmp_path)).prepare(SHAPES[0], "cuda", lambda run: 0)
    (tmp_path / "peers.json").write_text('{"peers": {"sgl-kernel": {"version": "1"}}}')
    sgl = next(peer for peer in peers(Packages(tmp_path)) if peer.name == "sgl-kernel")
    with pytest.raises(NotMeasured, match="takes bf16 and fp16 only"):
        sgl.prepare(Shape.parse("32x2560.fp32"), "cuda", lambda run: 0)
    with pytest.raises(NotMeasured, match="cannot be loaded"):
        sgl.prepare(SHAPES[0], "cuda", lambda run: 0)


def test_names_are_unique_and_every_file_is_listed() -> None:
    assert len({kind.name for kind in PEERS}) == len(PEERS)
    assert {kind.__module__ for kind in PEERS} == {path.stem for path in HERE.glob("peer_*.py")}


def test_every_rms_norm_of_the_scenario_is_measured() -> None:
    scenario = (HERE.parents[1] / "scenarios" / "rms_norm.yaml").read_text()
    assert sorted(map(str, SHAPES)) == sorted(re.findall(r"^ +- (\d+x\d+\.\w+)", scenario, re.M))


class FakeLibrary:
    """Three configurations of one width: the heuristic's, one that cannot be launched, a faster one."""

    kernels = [(3840, "bf16", True, "a"), (3840, "bf16", False, "b"), (3840, "bf16", False, "c")]

    def launcher(self, index: int, rows: int) -> int:
        return index


def test_tuning_takes_the_fastest_that_can_be_launched(tmp_path: Path) -> None:
    asked: list[int] = []

    def time_of(index: int) -> float:
        asked.append(index)
        if index == 1:
            raise RuntimeError("too much shared memory")
        return {0: 2e-5, 2: 1e-5}[index]

    tuned = QuackTuned(Packages(tmp_path))
    assert tuned.tune(FakeLibrary(), [0, 1, 2], SHAPES[0], time_of) == 2  # type: ignore[arg-type]
    assert asked.count(1) == 1 and asked.count(2) == 4
