"""ci/bisect on small histories, with a bench that plays its part: which commit it finds, and what it skips."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import REPO, executable

# Measures the number in the file `time`; "broken" does not build, and `flaky` is slower the first time only.
FAKE_BENCH = '''#!/usr/bin/env python3
import json, pathlib, sys
words, here = sys.argv[1:], pathlib.Path(__file__).resolve().parents[1]
log = pathlib.Path(here.parent / "log")
with log.open("a") as file:
    file.write(" ".join(words[:2]) + "\\n")
option = lambda name: words[words.index(name) + 1]
if words[0] == "run":
    assert option("--only") == r"^x/a\\.b$", option("--only")
    text = (here / "time").read_text().strip()
    if text == "broken":
        sys.exit(6)
    time = float(text.removeprefix("flaky"))
    once = here.parent / "once"
    if text.startswith("flaky") and not once.exists():
        once.touch()
        time *= 2
    pathlib.Path(option("--out")).write_text(json.dumps({"t": time}))
    sys.exit(0)
if words[0] == "compare":
    before, now = (json.loads(pathlib.Path(p).read_text())["t"] for p in words[1:3])
    verdict = "inconclusive" if now == 7 else "regression" if now > 1.1 * before else "pass"
    print(json.dumps({"cases": [{"id": "x/a.b", "verdict": verdict, "reason": ""}]}))
'''


class History:
    def __init__(self, root):
        self.root = root
        self.commits = []
        self.git("init", "-q", "-b", "main")
        executable(root / "ci" / "bench", FAKE_BENCH)
        shutil.copy(REPO / "ci" / "bisect", root.parent / "bisect")  # the history lacks it

    def git(self, *words, check=True):
        env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        for role in ("AUTHOR", "COMMITTER"):
            env |= {f"GIT_{role}_NAME": "a", f"GIT_{role}_EMAIL": "a@b"}
        return subprocess.run(["git", *words], cwd=self.root, env=env, capture_output=True, text=True, check=check, timeout=120)

    def commit(self, *times):
        for i, time in enumerate(times):
            (self.root / "time").write_text(f"{time}\n")
            (self.root / "n").write_text(str(len(self.commits)))
            self.git("add", "-A")
            self.git("commit", "-qm", f"commit {i}")
            self.commits.append(self.git("rev-parse", "HEAD").stdout.strip())

    def bisect(self, *options, good=0):
        self.git("bisect", "start", self.commits[-1], self.commits[good])
        return self.git("bisect", "run", sys.executable, str(self.root.parent / "bisect"), "s.yaml", "x/a.b", *options, check=False)


@pytest.fixture
def history(tmp_path):
    root = tmp_path / "my history"
    (root / "ci").mkdir(parents=True)
    return History(root)


def first_bad(done):
    return next(line.split()[0] for line in done.stdout.splitlines() if line.endswith("is the first bad commit"))


def test_finds_the_slowdown(history):
    history.commit(1, 1.01, 1, 0.99, 1.5, 1.5, 1.6)
    done = history.bisect()
    assert first_bad(done) == history.commits[4], done.stdout + done.stderr
    runs = (history.root.parent / "log").read_text().splitlines().count("run s.yaml")
    assert runs == 1 + 1 + 2 + 2  # the good commit, 3, which is good, then 5 and 4, which are not, twice each
    history.git("bisect", "reset")


def test_skips_what_cannot_be_told(history):
    history.commit(1, 1, "broken", 7, 1.5, 1.5)
    done = history.bisect()
    assert "only 'skip'ped commits left to test" in done.stdout.replace("There are ", "")
    assert history.commits[4] in done.stdout and history.commits[1] not in done.stdout.split("skip")[-1]


def test_a_slowness_that_does_not_come_again_is_good(history):
    history.commit(1, 1, "flaky1", 1, 1.5)
    assert first_bad(history.bisect()) == history.commits[4]


def test_a_good_commit_that_cannot_be_measured_stops_the_search(history):
    history.commit("broken", 1, 1.5)
    done = history.bisect()
    assert done.returncode != 0 and "first bad commit" not in done.stdout
    assert f"the good commit {history.commits[0][:12]} cannot be measured" in done.stdout + done.stderr


def test_a_result_of_ones_own(history, tmp_path):
    history.commit(1, 1, 1.5, 1.5)
    (tmp_path / "base.json").write_text(json.dumps({"t": 1}))
    assert first_bad(history.bisect("--base", str(tmp_path / "base.json"))) == history.commits[2]


def test_a_result_that_is_not_there_stops_the_search(history):
    history.commit(1, 1, 1.5, 1.5)
    done = history.bisect("--base", "none.json")
    assert "there is no result " in done.stdout + done.stderr and "skipped" not in done.stdout + done.stderr


def test_wrong_arguments_stop_the_search(tmp_path):
    for words in ([], ["s.yaml"], ["s.yaml", "a", "--fast"]):
        done = subprocess.run([sys.executable, str(REPO / "ci" / "bisect"), *words], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 128 and len(done.stderr.splitlines()) == 1
    done = subprocess.run([sys.executable, str(REPO / "ci" / "bisect"), "s.yaml", "a"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 128 and "not a git repository" in done.stderr
    done = subprocess.run([sys.executable, str(REPO / "ci" / "bisect"), "s.yaml", "a"], env={"PATH": str(tmp_path)},
                          capture_output=True, text=True)  # fmt: skip
    assert (done.returncode, done.stderr) == (128, "ci/bisect: git: No such file or directory\n")
