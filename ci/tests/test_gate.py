"""ci/gate around a bench that only plays its part: what it measures, measures again, writes, and how it ends."""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys

import pytest
from conftest import REPO, executable, program
from steps import escalation

# finds: a list of what each `run` and `ab` finds, {"id": verdict}, or an exit code with which it fails. "elsewhere" is inconclusive since
# the baseline has another GPU; "early" is a regression that `ab` would have looked at again.
FAKE_BENCH = '''#!/usr/bin/env python3
import json, os, pathlib, sys
words = sys.argv[1:]
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
def option(name, default=""):
    return words[words.index(name) + 1] if name in words else default
if words[0] == "run" or words[0] == "ab":
    finds = json.loads((here / "finds").read_text())
    found = finds.pop(0)
    (here / "finds").write_text(json.dumps(finds))
    if isinstance(found, int):
        print("bench: no GPU here: use another machine", file=sys.stderr)
        sys.exit(found)
    if words[0] == "ab":
        pathlib.Path(option("--out")).mkdir(exist_ok=True)
        judged = [{"id": k, "verdict": v.replace("early", "regression"), "judgement": {"open": v == "early"}} for k, v in found.items()]
        (pathlib.Path(option("--out")) / "ab.json").write_text(json.dumps({"cases": judged}))
    cases = [{"id": k, "kind": "loop", "status": "ok", "message": "", "verdict": v, "replicates": [1]} for k, v in found.items()]
    cases.append({"id": "x/anchor/copy", "kind": "anchor", "status": "ok", "message": "", "replicates": [len(finds)]})
    out = pathlib.Path(option("--out"))
    result = {"cases": cases, "finished": "now", "interrupted": False, "scenario": {"profile": "gate"}}
    (out / "b.json" if words[0] == "ab" else out).write_text(json.dumps(result))
    print("verdict: regression, says the run")
    sys.exit(1 if "regression" in found.values() else 0)
if words[0] == "report":
    file, out = pathlib.Path(words[1]), pathlib.Path(option("--out"))
    result = json.loads((file / "b.json" if file.is_dir() else file).read_text())
    cases = [{"id": c["id"], "verdict": c["verdict"].replace("elsewhere", "inconclusive"),
              "base_revision": "0ddba11" if "old" in c["id"] else "",
              "judgement": {"work": 0.0031, "wants_pairs": c["verdict"] == "elsewhere"}} for c in result["cases"] if c["kind"] != "anchor"]
    for folder in [words[i + 1] for i, word in enumerate(words) if word == "--ab"]:
        pairs = {c["id"]: c["verdict"] for c in json.loads((pathlib.Path(folder) / "ab.json").read_text())["cases"]}
        for case in cases:
            case["verdict"] = pairs.get(case["id"], case["verdict"])
    verdicts = [c["verdict"] for c in cases]
    worst = next((v for v in ("regression", "invalid", "inconclusive") if v in verdicts and v in option("--fail-on")), "pass")
    line = "verdict: %s (%d cases)" % (worst, len(cases))
    code = {"regression": 1, "invalid": 4, "inconclusive": 3, "pass": 0}[worst]
    comparison = {"cases": cases, "verdict": worst, "verdict_line": line, "exit_code": code,
                  "base": {"git_sha": "c51be2b0a1b2"}, "baseline_file": str(here.parent / "baselines" / "h200" / "one.json")}
    if (here / "no-baseline").exists():
        comparison, line = {"missing": "no baseline"}, "verdict: missing (no baseline, %d measured)" % len(cases)
    (out / "comparison.json").write_text(json.dumps(comparison))
    notes = [words[i + 1] for i, word in enumerate(words) if word == "--note"]
    if os.environ.get("FAKE_REPORT") == "nothing":
        sys.exit(6)
    (out / "report.md").write_text("\\n".join(notes) + "**" + line + "**\\n" + "x" * int(os.environ.get("FAKE_LENGTH", 0)) + "\\n<details>more</details>\\n")
    print(line)
    if os.environ.get("FAKE_REPORT") == "no figures":
        print("bench: python3 has no matplotlib", file=sys.stderr)
        sys.exit(6)
'''


class Gate:
    def __init__(self, root):
        self.root = root

    def __call__(self, *arguments, finds=(), **env):
        (self.root / "ci" / "finds").write_text(json.dumps(list(finds)))
        (self.root / "ci" / "calls").write_text("")
        command = [sys.executable, str(self.root / "ci" / "gate"), *arguments, "--out", "out"]
        return subprocess.run(command, cwd=self.root, capture_output=True, text=True, env={**os.environ, **env}, timeout=60)

    def calls(self, verb):
        lines = map(json.loads, (self.root / "ci" / "calls").read_text().splitlines())
        return [words[1:] for words in lines if words[0] == verb]

    def read(self, name):
        text = (self.root / "out" / name).read_text()
        return json.loads(text) if name.endswith(".json") else text


@pytest.fixture
def gate(tmp_path):
    root = tmp_path / "my checkout"
    (root / "ci").mkdir(parents=True)
    shutil.copy(REPO / "ci" / "gate", root / "ci")
    shutil.copytree(REPO / "ci" / "steps", root / "ci" / "steps", ignore=shutil.ignore_patterns("__pycache__"))
    executable(root / "ci" / "bench", FAKE_BENCH)
    return Gate(root)


def test_nothing_changed(gate):
    done = gate("one.yaml", "--profile", "cpu", "--set", "a=1", "--set", "b=2", finds=[{"x/a": "pass", "x/b": "pass"}])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verdict: pass (2 cases)")
    assert "says the run" not in done.stdout
    (words,) = gate.calls("run")
    assert words == ["one.yaml", "--out", "out/one/result.json", "--fail-on", "regression,invalid,missing,inconclusive",
                     "--profile", "cpu", "--set", "a=1", "--set", "b=2"]  # fmt: skip
    assert gate.read("gate.json") == {
        "schema_version": 1, "exit_code": 0, "verdict": "verdict: pass (2 cases)", "changed": False, "scenarios": [
            {"scenario": "one", "folder": "out/one", "exit_code": 0, "verdict": "verdict: pass (2 cases)", "measured_again": [],
             "escalated": [], "changed": False}]}  # fmt: skip
    assert gate.read("report.md").startswith("**verdict: pass")


def test_a_regression_is_measured_again_and_stays(gate):
    done = gate("one.yaml", finds=[{"x/a.b[1]": "regression", "x/b": "pass"}, {"x/a.b[1]": "regression"}])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "verdict: regression (2 cases)")
    assert "measuring again what was flagged: x/a.b[1]" in done.stderr
    second = gate.calls("run")[1]
    assert second[second.index("--only") + 1] == r"^(x/a\.b\[1\])$"
    cases = {case["id"]: case for case in gate.read("one/result.json")["cases"]}
    assert cases["x/a.b[1]"]["message"] == "measured again, at first regression of +0.31 %"
    assert cases["x/b"]["message"] == ""
    assert cases["x/anchor/copy"]["replicates"] == [1, 0]  # those of both runs
    assert gate.read("gate.json")["scenarios"][0]["measured_again"] == ["x/a.b[1]"]
    assert (gate.root / "out/one/first.json").exists() and not (gate.root / "out/one/second.json").exists()


@pytest.mark.parametrize(("second", "code"), [("pass", 0), ("inconclusive", 3)])
def test_a_flag_that_does_not_come_again_is_no_regression(gate, second, code):
    done = gate("one.yaml", finds=[{"x/a": "regression", "x/b": "pass"}, {"x/a": second}])
    assert done.returncode == code
    assert "regression" not in done.stdout
    assert len(gate.calls("run")) == 2


def test_improvements_and_invalid_cases_are_measured_again_too(gate):
    done = gate("one.yaml", finds=[{"x/a": "improvement", "x/b": "invalid", "x/c": "inconclusive"}, {"x/a": "improvement", "x/b": "pass"}],
                )  # fmt: skip
    assert done.returncode == 3
    second = gate.calls("run")[1]
    assert second[second.index("--only") + 1] == "^(x/a|x/b)$"


def test_a_large_drift_is_said_in_per_cent_of_the_time():
    """Its estimate is of log time: a tenth of the time is no drift of -230 %."""
    comparison = {"cases": [{"id": "a", "verdict": "improvement", "judgement": {"work": math.log(0.1)}},
                            {"id": "b", "verdict": "invalid", "judgement": None}, {"id": "gone", "verdict": "regression"}]}  # fmt: skip
    flagged = program("gate").flagged_cases(comparison, {"cases": [{"id": "a"}, {"id": "b"}]})
    assert flagged == {"a": "improvement of -90.00 %", "b": "invalid"}


def test_a_place_that_cannot_be_written(gate):
    (gate.root / "out").write_text("")
    done = gate("one.yaml", finds=[])
    assert done.returncode == 2 and done.stderr == "ci/gate: cannot write out/one: Not a directory; name another place\n"


def test_reports_of_several_scenarios_are_cut_between_lines(tmp_path):
    gate = program("gate")
    made = gate.Gate(argparse.Namespace(out=tmp_path))
    for name, text in (("a", "| case | &#64;team |\n" * 4000), ("b", "short\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.md").write_text(text)
        made.outcomes.append({"folder": tmp_path / name, "scenario": name})
    text = made.markdown("verdict: pass")
    assert len(text) < gate.LIMIT and "short" in text
    lines = text.split("### a")[1].split("Cut here")[0].splitlines()
    assert set(filter(None, lines)) == {"| case | &#64;team |"}


def test_fail_on(gate):
    done = gate("one.yaml", "--fail-on", "regression", finds=[{"x/a": "inconclusive"}])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verdict: pass (1 cases)")


def test_no_baseline_fails_unless_told(gate):
    (gate.root / "ci" / "no-baseline").touch()
    done = gate("one.yaml", finds=[{"x/a": "pass"}])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (5, "verdict: missing (no baseline, 1 measured)")
    assert gate("one.yaml", "--fail-on", "regression", finds=[{"x/a": "pass"}]).returncode == 0


def test_a_machine_that_cannot(gate):
    done = gate("one.yaml", "two.yaml", finds=[6])
    assert done.returncode == 6
    assert done.stdout.splitlines()[-1] == "verdict: unavailable (no GPU here: use another machine)"
    assert "no GPU here" in gate.read("report.md") and gate.read("gate.json")["exit_code"] == 6
    assert len(gate.calls("run")) == 1  # the second would end the same way


def test_a_second_measurement_that_breaks_off_is_no_pass(gate):
    done = gate("one.yaml", finds=[{"x/a": "regression"}, 6])
    assert done.returncode == 6


def test_several_scenarios(gate):
    done = gate("one.yaml", "b/two.yaml", finds=[{"x/a": "pass"}, {"y/a": "regression"}, {"y/a": "regression"}], FAKE_LENGTH="50000")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "verdict: regression (one pass, two regression)"
    text = gate.read("report.md")
    assert len(text) < 60_000 and text.startswith("**verdict: regression (one pass, two regression)**")
    assert "### one" in text and "### two" in text and text.count("Cut here") == 2


def test_the_baseline_of_before_is_handed_to_the_report(gate):
    def git(*words):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=gate.root, check=True, capture_output=True)

    baseline = gate.root / "baselines" / "h200" / "one.json"
    baseline.parent.mkdir(parents=True)
    baseline.write_text("old")
    git("init", "-q")
    git("add", "baselines")
    git("commit", "-qm", "x")
    gate("one.yaml", "--since", "HEAD", finds=[{"x/a": "pass"}])
    assert "--old-baseline" not in gate.calls("report")[-1]
    baseline.write_text("new")
    gate("one.yaml", "--since", "HEAD", finds=[{"x/a": "pass"}])
    assert gate.calls("report")[-1][-2:] == ["--old-baseline", "out/one/old-baseline.json"]
    assert (gate.root / "out/one/old-baseline.json").read_text() == "old"


def test_a_revision_that_is_none_is_said(gate):
    test_the_baseline_of_before_is_handed_to_the_report(gate)
    done = gate("one.yaml", "--since", "HEAAD", finds=[{"x/a": "pass"}])
    assert done.returncode == 0 and "--since HEAAD: no revision of " in done.stdout + done.stderr
    assert "--old-baseline" not in gate.calls("report")[-1]


def test_a_folder_of_somebody_else_stays(gate):
    theirs = gate.root / "out" / "one" / "notes.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    done = gate("two.yaml", "one.yaml", finds=[{"x/a": "pass"}])
    assert done.returncode == 2 and "out/one: there is something that no gate wrote" in done.stderr and theirs.read_text() == "mine"
    assert gate.calls("run") == []  # nothing was measured for nothing
    theirs.unlink()
    for _ in range(2):  # an empty one, and its own, are taken
        assert gate("one.yaml", finds=[{"x/a": "pass"}]).returncode == 0


def test_a_machine_without_git_shows_no_earlier_baseline(gate):
    baseline = gate.root / "baselines" / "h200" / "one.json"
    baseline.parent.mkdir(parents=True)
    baseline.write_text("new")
    done = gate("one.yaml", "--since", "HEAD", finds=[{"x/a": "pass"}], PATH="")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verdict: pass (1 cases)"), done.stderr


def test_two_refs_side_by_side(gate):
    done = gate("one.yaml", "--refs", "main", "HEAD", "--only", "x", "--replicates", "5", finds=[{"x/a": "regression", "x/b": "pass"}])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "verdict: regression (2 cases)")
    (words,) = gate.calls("ab")  # which measures on by itself before it raises an alarm
    assert words == ["main", "HEAD", "--scenario", "one.yaml", "--out", "out/one", "--fail-on",
                     "regression,invalid,missing,inconclusive", "--only", "x", "--pairs", "5"]  # fmt: skip
    assert gate.calls("run") == [] and gate.calls("report")[0][0] == "out/one"
    assert gate("one.yaml", "--refs", "main", "HEAD", finds=[6]).returncode == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the following arguments are required: SCENARIO"),
        (["a.yaml", "--fast"], "unrecognized arguments: --fast"),
        (["a/x.yaml", "b/x.yaml"], "two scenarios have one name"),
        (["a.yaml", "--refs", "A", "B", "--since", "C"], "--refs takes no --baseline, --since or --escalate"),
        (["a.yaml", "--refs", "A", "B", "--escalate", "C"], "--refs takes no --baseline, --since or --escalate"),
    ],
)
def test_wrong_arguments(gate, words, said):
    done = gate(*words)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert gate.calls("run") == []


# --- what the baseline cannot decide -----------------------------------------------------------------------------------


def test_what_the_baseline_cannot_decide_is_measured_in_turn_with_its_build(gate):
    finds = [{"x/a": "elsewhere", "x/b": "inconclusive", "x/c": "pass"}, {"x/a": "pass"}]
    done = gate("b/one.yaml", "--set", "k=1", "--fail-on", "regression,inconclusive", finds=finds)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "verdict: inconclusive (3 cases)")  # x/b, which more processes decide
    assert "measuring in turn with the baseline's build what the baseline cannot decide: x/a\n" in done.stderr
    assert gate.calls("ab") == [
        ["c51be2b0a1b2", ".", "--scenario", "b/one.yaml", "--out", "out/one/pairs", "--fail-on", "regression,inconclusive", "--only",
         "^(x/a)$", "--budget", "300", "--profile", "gate", "--set", "k=1"]]  # fmt: skip
    assert gate.calls("report")[-1][-2:] == ["--ab", "out/one/pairs"]  # its verdicts go into every format
    assert gate.calls("compare")[0][-2:] == ["--ab", "out/one/pairs"]
    assert gate.read("gate.json")["scenarios"][0]["escalated"] == ["x/a"]


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("regression", 1), ("inconclusive", 3)])
def test_the_pairs_have_the_last_word(gate, verdict, code):
    done = gate("one.yaml", "--budget", "50", finds=[{"x/a": "elsewhere"}, {"x/a": verdict}])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (code, f"verdict: {verdict} (1 cases)")
    (words,) = gate.calls("ab")
    assert words[words.index("--budget") + 1] == "50"


@pytest.mark.parametrize(("second", "code"), [("pass", 0), ("regression", 1)])
def test_an_alarm_of_few_pairs_is_measured_again(gate, second, code):
    done = gate("one.yaml", finds=[{"x/a": "elsewhere", "x/b": "elsewhere"}, {"x/a": "early", "x/b": "pass"}, {"x/a": second}])
    assert done.returncode == code
    assert "measuring again what few pairs flagged: x/a\n" in done.stderr
    first, again = gate.calls("ab")
    assert first[first.index("--only") + 1] == "^(x/a|x/b)$" and again[again.index("--only") + 1] == "^(x/a)$"
    assert gate.calls("report")[-1][-4:] == ["--ab", "out/one/pairs", "--ab", "out/one/pairs-again"]
    (outcome,) = gate.read("gate.json")["scenarios"]
    assert (outcome["escalated"], outcome["measured_again"]) == (["x/a", "x/b"], ["x/a"])


def test_a_flagged_case_that_turns_out_undecidable_is_measured_in_turn(gate):
    done = gate("one.yaml", finds=[{"x/a": "regression"}, {"x/a": "elsewhere"}, {"x/a": "pass"}])
    assert done.returncode == 0 and len(gate.calls("run")) == 2 and len(gate.calls("ab")) == 1


def test_pairs_that_cannot_be_measured_leave_it_inconclusive(gate):
    done = gate("one.yaml", finds=[{"x/a": "elsewhere"}, 6])
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "verdict: inconclusive (1 cases)")
    note = "x/a: not measured in turn with the baseline's build: no GPU here: use another machine"
    assert done.stderr.splitlines()[-1].endswith(note)
    assert note in gate.read("report.md") and gate.read("gate.json")["scenarios"][0]["escalated"] == []


def test_interrupted_pairs_are_an_interrupted_gate(gate):
    assert gate("one.yaml", finds=[{"x/a": "elsewhere"}, 130]).returncode == 130
    assert gate("one.yaml", finds=[{"x/a": "elsewhere"}, {"x/a": "early"}, 130]).returncode == 130


def test_an_alarm_that_cannot_be_measured_again_is_none(gate):
    done = gate("one.yaml", finds=[{"x/a": "elsewhere"}, {"x/a": "early"}, 6])
    assert done.returncode == 3 and "--ab" not in gate.calls("report")[-1]


def test_escalate_says_against_what_or_not_to(gate):
    assert gate("one.yaml", "--escalate", "none", finds=[{"x/a": "elsewhere"}]).returncode == 3
    assert gate.calls("ab") == []
    assert gate("one.yaml", "--escalate", "old bundle", finds=[{"x/a": "elsewhere"}, {"x/a": "pass"}]).returncode == 0
    assert gate.calls("ab")[0][:2] == ["old bundle", "."]


def test_cases_of_several_revisions_are_each_held_against_their_own(gate):
    finds = [{"x/a": "elsewhere", "x/old": "elsewhere", "x/older": "elsewhere"}, {"x/a": "pass"}, {"x/old": "pass", "x/older": "early"}, {"x/older": "pass"}]
    done = gate("one.yaml", finds=finds)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verdict: pass (3 cases)")
    calls = [{"base": words[0], **{name: words[words.index(name) + 1] for name in ("--only", "--budget", "--out")}} for words in gate.calls("ab")]
    assert calls == [
        {"base": "c51be2b0a1b2", "--only": "^(x/a)$", "--budget": "150", "--out": "out/one/pairs-c51be2b0a1b2"},
        {"base": "0ddba11", "--only": "^(x/old|x/older)$", "--budget": "150", "--out": "out/one/pairs-0ddba11"},
        {"base": "0ddba11", "--only": "^(x/older)$", "--budget": "150", "--out": "out/one/pairs-0ddba11-again"},
    ]
    assert [word for word in gate.calls("report")[-1] if word.startswith("out/one/pairs")] == [call["--out"] for call in calls]
    (outcome,) = gate.read("gate.json")["scenarios"]
    assert (outcome["escalated"], outcome["measured_again"]) == (["x/a", "x/old", "x/older"], ["x/older"])


def test_a_pair_holds_the_baselines_build(gate):
    (gate.root / "bundle.json").write_text('{"runs": "B"}')
    (gate.root / "A").mkdir()
    about = gate.root / "A" / "bundle.json"
    about.write_text(json.dumps({"git_sha": "c51be2b0a1b2" + "0" * 28}))
    assert gate("one.yaml", finds=[{"x/a": "elsewhere"}, {"x/a": "pass"}]).returncode == 0
    assert gate.calls("ab")[0][:2] == [str(gate.root / "A"), "."]

    about.write_text(json.dumps({"git_sha": "d" * 40}))
    done = gate("one.yaml", finds=[{"x/a": "elsewhere"}])
    assert done.returncode == 3 and gate.calls("ab") == []
    assert (
        "x/a: not measured in turn with the baseline's build: this is a bundle whose A is of dddddddddddd, and the baseline is of "
        "c51be2b0a1b2: make one of both with `ci/bundle --pair c51be2b0a1b2 .`"
    ) in done.stderr.splitlines()[-1]
    about.unlink()
    assert "this is a bundle of one revision, and" in gate("one.yaml", finds=[{"x/a": "elsewhere"}]).stderr


def test_a_baseline_of_a_changed_tree_is_said(gate):
    baseline = gate.root / "baselines" / "h200" / "one.json"
    baseline.parent.mkdir(parents=True)
    baseline.write_text('{"tool": {"git_sha": "c51be2b0a1b2", "git_dirty": true}}')
    assert gate("one.yaml", finds=[{"x/a": "elsewhere"}, {"x/a": "pass"}]).returncode == 0
    assert "the baseline was measured by a harness with uncommitted changes" in gate.read("report.md")


def test_a_python_that_cannot_draw_still_gives_a_verdict(gate):
    done = gate("one.yaml", finds=[{"x/a": "pass"}], FAKE_REPORT="no figures")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verdict: pass (1 cases)")
    assert gate("one.yaml", finds=[{"x/a": "pass"}], FAKE_REPORT="nothing").returncode == 6


def test_help(gate):
    done = gate("--help")
    assert done.returncode == 0 and done.stdout.startswith("Usage: ci/gate SCENARIO") and "Exit codes:" in done.stdout


def test_what_is_measured_in_turn():
    def case(name, verdict, kind="loop", wants_pairs=False):
        return {"id": name, "kind": kind, "verdict": verdict, "judgement": {"wants_pairs": wants_pairs}}

    cases = [
        case("another GPU", "inconclusive", wants_pairs=True),
        case("no time", "inconclusive"),
        case("passed", "pass", kind="kernel"),
        {"id": "lost", "kind": "kernel", "verdict": "inconclusive", "judgement": None},
    ]
    assert escalation.undecided({"cases": cases, "base": {"git_sha": "c51be2b"}}) == {"c51be2b": ["another GPU"]}
    cases.append(case("older", "inconclusive", wants_pairs=True) | {"base_revision": "b08d72a"})
    assert escalation.undecided({"cases": cases}) == {"": ["another GPU"], "b08d72a": ["older"]}
