"""ci/table around a bench that only plays its part: what it measures, keeps, prints, and how it ends."""

import json
import os
import shutil
import subprocess
import sys
import tomllib

import pytest
from conftest import REPO, executable

# finds: what each `ab` finds, [verdict, work] or an exit code with which it fails.
FAKE_BENCH = """#!/usr/bin/env python3
import json, pathlib, sys
words = sys.argv[1:]
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
finds = json.loads((here / "finds").read_text())
found = finds.pop(0)
(here / "finds").write_text(json.dumps(finds))
out = pathlib.Path(words[words.index("--out") + 1])
out.mkdir(parents=True, exist_ok=True)
if isinstance(found, int):
    sys.exit(found)
verdict, work, clock = (*found, 0)[:3]
side = {"git_sha": "c51be2b0a1b2", "gpu": "NVIDIA H200 (GPU-6b1f2b3c)"}
judgement = {"work": {"estimate": work, "half_width": 0.0005}, "wall": {"estimate": work + clock, "half_width": 2.0 if clock else 0.0065},
             "clock": {"estimate": clock}, "slope": -0.8}
case = {"id": "x", "verdict": verdict, "reason": "why not" if verdict == "inconclusive" else "", "gate": 0.002, "a_t_s": 0.1426, "b_t_s": 0.11,
        "judgement": judgement}
(out / "ab.json").write_text(json.dumps({"a": side, "b": side, "cases": [case]}))
print("a table that belongs to stderr")
"""

TABLE = """
title = "two rows"
profile = "full"
engine = "graph"
pairs = 3
before = "aten"
after = "aten"
expect = "pass"
[[row]]
name = "one"
model = "Model | 1"
scenario = "one.yaml"
loop = "l-9"
before = "decomposed"
expect = "improvement"
published = {steps = 50, before_ms = 200.0, after_ms = 150.0}
[[row]]
name = "two"
model = "Model 2"
scenario = "two.yaml"
loop = "l-50"
set = ["loops.l-50.steps=10"]
"""


@pytest.fixture
def table(tmp_path):
    root = tmp_path / "my checkout"
    (root / "ci").mkdir(parents=True)
    shutil.copy(REPO / "ci" / "table", root / "ci")
    shutil.copytree(REPO / "ci" / "steps", root / "ci" / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    executable(root / "ci" / "bench", FAKE_BENCH)
    (root / "scenarios").mkdir()
    (root / "scenarios" / "t.toml").write_text(TABLE)

    def run(*arguments, finds=()):
        (root / "ci" / "finds").write_text(json.dumps(list(finds)))
        (root / "ci" / "calls").write_text("")
        command = [sys.executable, str(root / "ci" / "table"), "scenarios/t.toml", *arguments]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, env=os.environ, timeout=60)

    run.root = root
    run.calls = lambda: [json.loads(line) for line in (root / "ci" / "calls").read_text().splitlines()]
    return run


ONE = ["ab", "--scenario", "scenarios/one.yaml", "--profile", "full", "--pairs", "3", "--only", "/loop/l-9/graph/", "--set-a",
       "paths.rms_norm=[decomposed]", "--set-b", "paths.rms_norm=[aten]", "--out", "results/t/one"]  # fmt: skip


def test_all_rows_as_expected(table):
    done = table(finds=[["improvement", -0.31], ["pass", 0.0004]])
    assert done.returncode == 0, done.stderr
    one, two = table.calls()
    assert one == ONE
    assert two[two.index("--set") :] == ["--set", "loops.l-50.steps=10", "--set-a", "paths.rms_norm=[aten]", "--set-b",
                                         "paths.rms_norm=[aten]", "--out", "results/t/two"]  # fmt: skip
    _, *rows = done.stdout.split("\n\n")[1].splitlines()
    assert done.stdout.startswith("two rows, measured by `ci/table scenarios/t.toml` on NVIDIA H200 (GPU-6b1f2b3c), revision c51be2b0a1b2. ")
    assert rows[1] == "| Model \\| 1 | decomposed → aten | 142.6 | 110.0 | -26.66 % ± 0.48 % | -26.66 % ± 0.04 % | ▲ improvement | -25.00 % |"
    assert rows[2] == "| Model 2 | aten | 142.6 | 110.0 | +0.04 % ± 0.65 % | +0.04 % ± 0.05 % | ✓ pass |  |"
    assert "judged at a gate of 0.2 %" in done.stdout and "belongs to stderr" not in done.stdout


def test_a_table_is_made_row_by_row(table):
    done = table("--row", "two", finds=[["pass", 0]])
    assert done.returncode == 0
    assert "| decomposed → aten | | | | | not measured | -25.00 % |" in done.stdout and "✓ pass" in done.stdout
    done = table(finds=[["improvement", -0.31]])
    assert done.returncode == 0 and table.calls() == [ONE]
    assert "two: is measured already, in results/t/two" in done.stderr
    assert "not measured" not in done.stdout
    printed = table("--print")
    assert (printed.returncode, printed.stdout, table.calls()) == (0, done.stdout, [])
    assert table("--row", "one", "--again", finds=[["pass", 0]]).returncode == 1  # where an improvement was expected


def test_what_was_measured_otherwise_is_not_taken(table):
    table("--row", "two", finds=[["pass", 0]])
    file = table.root / "scenarios" / "t.toml"
    file.write_text(TABLE.replace("steps=10", "steps=20"))
    assert "not measured" in table("--print", "--row", "two").stdout.splitlines()[-1]
    assert "--pairs 5" in table("--row", "two", "--pairs", "5", finds=[["pass", 0]]).stdout.splitlines()[0]
    assert "5" == table.calls()[0][table.calls()[0].index("--pairs") + 1]


@pytest.mark.parametrize(("found", "code", "cell"), [
    (["regression", 0.003], 1, "✗ regression, expected pass |"), (["inconclusive", 0], 3, "? inconclusive, expected pass |"),
    (["invalid", 0], 4, "! invalid, expected pass |"), (["pass", 0], 0, "✓ pass |")])  # fmt: skip
def test_exit_codes(table, found, code, cell):
    done = table("--row", "two", finds=[found])
    assert done.returncode == code and cell in done.stdout
    assert ("\n- Model 2: why not.\n" in done.stdout) == (found[0] == "inconclusive")


def test_clocks_far_apart_give_no_figure_at_one_clock(table):
    done = table("--row", "one", finds=[["improvement", -0.33, 0.056]])
    assert "| -23.97 % ± unknown | about -28 % | ▲ improvement |" in done.stdout
    assert "- Model | 1: the two arms' clocks are 7.0 % apart, too far for a figure at one clock" in done.stdout


def test_a_machine_that_cannot_and_one_that_is_stopped(table):
    for code in (6, 130):
        done = table("--again", finds=[["improvement", -0.31], code])
        assert done.returncode == code and len(table.calls()) == 2
        assert "▲ improvement" in done.stdout and "| not measured |" in done.stdout
    assert not (table.root / "results/t/two/words.json").exists()


@pytest.mark.parametrize(("old", "new", "said"), [
    ("loop = ", "lop = ", "row 1 (one): unknown key 'lop'; there are after, before,"),
    ('model = "Model 2"', "", "row 2 (two): needs 'model', a text"),
    ("pairs = 3", "pairs = true", "row 1 (one): needs 'pairs', a whole number"),
    ('"two"', '"one"', "'one': rows want names of letters, digits"),
    ('expect = "pass"', 'expect = "good"', "row 2 (two): expect 'good' is no verdict; there are pass, regression"),
    ("steps = 50, ", "", "row 1 (one): published wants after_ms, before_ms, steps"),
    ('["loops.l-50.steps=10"]', "[10]", "row 2 (two): set wants a list of texts"),
    ('["loops.l-50.steps=10"]', '"loops.l-50.steps=10"', "row 2 (two): set wants a list of texts"),
    ('["loops.l-50.steps=10"]', "10", "row 2 (two): set wants a list of texts"),
    ("before_ms = 200.0", "before_ms = 0", "row 1 (one): published wants numbers above 0"),
    ("before_ms = 200.0", 'before_ms = "200"', "row 1 (one): published wants numbers above 0"),
    ("[[row]]", "[[line]]", "has no [[row]]"), ("title", "[", "(at line 2, column 3)"),
])  # fmt: skip
def test_faulty_tables(table, old, new, said):
    (table.root / "scenarios" / "t.toml").write_text(TABLE.replace(old, new))
    done = table()
    assert done.returncode == 2 and table.calls() == [] and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("ci/table: scenarios/t.toml: ") and said in line


def test_wrong_arguments(table):
    done = table("--row", "three")
    assert (done.returncode, done.stderr) == (2, "ci/table: scenarios/t.toml: no row 'three'; there are one, two\n")
    (table.root / "scenarios" / "t.toml").unlink()
    assert table().stderr == "ci/table: cannot read 'scenarios/t.toml': No such file or directory; check the path\n"
    assert table("--fast").returncode == 2
    assert table("--help").stdout.startswith("Usage: ci/table TABLE.toml")


def test_the_pull_request_s_six_rows_and_z_image_against_itself():
    rows = tomllib.loads((REPO / "scenarios" / "pull_request_20962.toml").read_text())["row"]
    assert [row["name"] for row in rows if "published" not in row] == ["z-image-control"]
    assert len(rows) == 7
    assert [row["published"]["steps"] for row in rows if row.get("expect") == "improvement"] == [9, 50]
    for row in rows:
        assert (REPO / "scenarios" / row["scenario"]).exists()
