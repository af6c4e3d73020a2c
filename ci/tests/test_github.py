"""ci/github: the comment against a server that speaks GitHub's API, the action's step, both workflows against their schema."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from conftest import REPO, executable

GITHUB = REPO / "ci" / "github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
sys.path.insert(0, str(GITHUB))

import comment  # noqa: E402
import step  # noqa: E402

SHA = "a" * 40


class Server(ThreadingHTTPServer):
    """Comments and one pull request. `trouble`: answers (status, headers, body) to give first, by method."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.stored, self.calls, self.trouble = [], [], []
        self.page = 100
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def add(self, body, kind="Bot"):
        number = len(self.stored) + 1
        self.stored.append({"id": number, "body": body, "user": {"type": kind}, "html_url": f"https://x/{number}"})
        return self.stored[-1]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def handle_any(self):
        server, body = self.server, self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.calls.append((self.command, self.path, dict(self.headers), json.loads(body) if body else None))
        if server.trouble:
            trouble = server.trouble.pop(0)
            if trouble == "drop":
                self.close_connection = True
                return None
            return self.answer(*trouble)
        if self.headers["Authorization"] != "Bearer secret":
            return self.answer(401, {"message": "Bad credentials"})
        page = int((re.search(r"[?&]page=(\d+)", self.path) or [0, 1])[1])
        if self.command == "GET" and self.path == "/repos/o/r/pulls/7":
            return self.answer(200, {"number": 7, "head": {"sha": SHA}})
        if self.command == "GET" and self.path.startswith("/repos/o/r/issues/7/comments?per_page=100"):
            part = server.stored[(page - 1) * server.page : page * server.page]
            more = page * server.page < len(server.stored)
            link = f'<{server.url}/repos/o/r/issues/7/comments?per_page=100&page={page + 1}>; rel="next"' if more else ""
            return self.answer(200, part, [("Link", link)] if more else [])
        if self.command == "POST" and self.path == "/repos/o/r/issues/7/comments":
            return self.answer(201, server.add(json.loads(body)["body"]))
        if self.command == "PATCH" and (found := re.fullmatch(r"/repos/o/r/issues/comments/(\d+)", self.path)):
            server.stored[int(found[1]) - 1]["body"] = json.loads(body)["body"]
            return self.answer(200, server.stored[int(found[1]) - 1])
        return self.answer(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = handle_any


@pytest.fixture
def server():
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "report.md").write_text("**✗ verdict: regression (1 regression)**\n")
    (tmp_path / "gate.json").write_text(json.dumps({"changed": True}))
    (tmp_path / "pull-request.json").write_text(json.dumps({"number": "7", "head_sha": SHA}))
    return tmp_path


class Clock:
    def __init__(self):
        self.waits = []

    def api(self, server, token="secret"):
        return comment.Api(server.url, token, "o/r", sleep=self.waits.append, now=lambda: 1000.0)


@pytest.fixture
def clock():
    return Clock()


def publish(clock, server, folder, always=False, sha=SHA):
    return comment.publish(clock.api(server), folder, sha, always)


def unchanged(folder):
    (folder / "gate.json").write_text(json.dumps({"changed": False}))
    (folder / "report.md").write_text("**✓ verdict: pass (3 pass)**\n")


def test_writes_one_comment_and_keeps_it_up_to_date(server, folder, clock):
    server.add("LGTM", "User")
    assert publish(clock, server, folder) == "wrote https://x/2"
    assert server.stored[1]["body"] == f"{comment.MARKER}\n**✗ verdict: regression (1 regression)**\n"
    assert publish(clock, server, folder) == "https://x/2 says it already"
    unchanged(folder)
    assert publish(clock, server, folder) == "changed https://x/2"
    assert len(server.stored) == 2 and "pass (3 pass)" in server.stored[1]["body"]
    assert [call[0] for call in server.calls if call[0] != "GET"] == ["POST", "PATCH"]


def test_no_comment_when_nothing_changed_unless_asked(server, folder, clock):
    unchanged(folder)
    assert publish(clock, server, folder) == "nothing changed: no comment"
    assert server.stored == []
    assert publish(clock, server, folder, always=True) == "wrote https://x/1"


def test_finds_its_comment_on_a_later_page(server, folder, clock):
    server.page = 2
    for i in range(5):
        server.add(f"comment {i}", "User")
    server.add(f"{comment.MARKER}\nold")
    assert publish(clock, server, folder) == "changed https://x/6"


def test_a_person_s_comment_with_the_marker_is_not_ours(server, folder, clock):
    server.add(f"{comment.MARKER}\nquoted", "User")
    server.add(f"> {comment.MARKER}")
    assert publish(clock, server, folder) == "wrote https://x/3"


def test_a_comment_of_nobody_is_not_ours(server, folder, clock):
    server.add(comment.MARKER)["user"] = None  # its author's account is gone
    server.add("")["body"] = None
    assert publish(clock, server, folder) == "wrote https://x/3"


def test_what_a_stranger_s_report_cannot_do(server, folder, clock):
    (folder / "report.md").write_text(f"{comment.MARKER} @everyone a@b <!-- x -->\0\n" + "long line\n" * 20_000)
    publish(clock, server, folder)
    body = server.stored[0]["body"]
    assert body.count("<!--") == 1 and "@everyone" not in body and "@\u200beveryone" in body and "\0" not in body
    assert len(body) < 65_536 and body.endswith("Cut here: the report in the artifact has the rest.\n")


@pytest.mark.parametrize("number", ["8/../7", "-1", "07", "7; rm", 1.5, ["7"], None])
def test_the_number_of_the_pull_request_is_checked(server, folder, clock, number):
    (folder / "pull-request.json").write_text(json.dumps({"number": number}))
    with pytest.raises(ValueError, match="is no number of a pull request"):
        publish(clock, server, folder)
    assert server.calls == []


def test_another_pull_request_s_number_is_of_no_use(server, folder, clock):
    said = publish(clock, server, folder, sha="b" * 40)
    assert said == "pull request 7 is at aaaaaaaaaaaa by now, not at bbbbbbbbbbbb: no comment"
    assert server.stored == []


def test_no_pull_request(server, folder, clock):
    (folder / "pull-request.json").write_text(json.dumps({"number": ""}))
    assert publish(clock, server, folder).startswith("no pull request")


def test_waits_as_long_as_the_rate_limit_says(server, folder, clock):
    server.trouble = [
        (429, {"message": "slow down"}, [("Retry-After", "7")]),
        (403, {"message": "API rate limit exceeded"}, [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")]),
        (403, {"message": "You have exceeded a secondary rate limit"}),
        (502, {}),
    ]
    assert publish(clock, server, folder) == "wrote https://x/1"
    assert clock.waits == [7, 30, 8, 16]


def test_a_limit_that_lasts_too_long(server, folder, clock):
    server.trouble = [(403, {"message": "API rate limit exceeded"}, [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9999")])]
    with pytest.raises(comment.Refused, match=r"403 API rate limit exceeded: .*limit of calls is used up"):
        publish(clock, server, folder)
    assert clock.waits == []


def test_gives_up_after_five_attempts(server, folder, clock):
    server.trouble = [(503, {"message": "down"})] * 9
    with pytest.raises(comment.Refused, match="503 down"):
        publish(clock, server, folder)
    assert len(server.calls) == 5


def test_a_lost_answer_is_asked_for_again_but_nothing_is_written_twice(server, folder, clock):
    server.trouble = ["drop"]
    assert publish(clock, server, folder) == "wrote https://x/1"
    server.stored.clear()
    for _ in range(2):
        clock.api(server).call("GET", "pulls/7")
    server.trouble = ["drop"]
    with pytest.raises(comment.Refused, match="is http://127.0.0.1:"):
        clock.api(server).call("POST", "issues/7/comments", {"body": "x"})
    assert server.stored == []


@pytest.mark.parametrize(("status", "said"), [(401, "GITHUB_TOKEN is wrong"), (403, "lacks `pull-requests: write`"), (404, "GITHUB_REPOSITORY right"), (422, "422 odd")])
def test_a_refusal_names_the_mend(server, folder, clock, status, said):
    server.trouble = [(status, {"message": "odd"})]
    with pytest.raises(comment.Refused, match=said):
        publish(clock, server, folder)
    assert len(server.calls) == 1


def run_comment(*arguments, **env):
    command = [sys.executable, str(GITHUB / "comment.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env={"no_proxy": "*", **env}, timeout=60)


def test_the_command(server, folder):
    env = {"GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "o/r", "GITHUB_API_URL": server.url}
    done = run_comment(folder, "--head-sha", SHA, **env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "wrote https://x/1\n", "")
    headers = server.calls[0][2]
    assert headers["X-Github-Api-Version"] == "2022-11-28" and headers["Accept"] == "application/vnd.github+json"
    done = run_comment(folder, **{**env, "GITHUB_TOKEN": "wrong"})
    assert done.returncode == 1 and "401 Bad credentials" in done.stderr and len(done.stderr.splitlines()) == 1
    assert run_comment(folder, **{**env, "GITHUB_TOKEN": ""}).stderr == "comment.py: set GITHUB_TOKEN; see --help\n"
    assert run_comment(folder / "none", **env).returncode == 2
    unknown = run_comment(folder, "--fast", **env)
    assert (unknown.returncode, unknown.stderr) == (2, "comment.py: unrecognized arguments: --fast; see --help\n")
    assert run_comment("--help").stdout.startswith("Usage: ci/github/comment.py FOLDER")


# --- the action's step ---------------------------------------------------------------------------------------------------


def test_inputs_become_arguments():
    command, out = step.gate_command({"BENCH_SCENARIOS": "a.yaml b.yaml", "BENCH_FAIL_ON": "regression", "BENCH_SINCE": "abc",
                                      "BENCH_ARGUMENTS": "--only 'x y'", "BENCH_OUT": "o"})  # fmt: skip
    assert command[2:] == ["--out", "o", "--fail-on", "regression", "--since", "abc", "--only", "x y", "a.yaml", "b.yaml"]
    assert str(out) == "o"
    command, _ = step.gate_command({"BENCH_SCENARIOS": "a.yaml", "BENCH_REFS": "A B", "BENCH_SINCE": "abc"})
    assert command[2:] == ["--out", "results/gate", "--refs", "A", "B", "a.yaml"]


@pytest.mark.parametrize("writes", [True, False])
def test_the_step_reports_and_exits_as_the_gate(tmp_path, writes):
    (tmp_path / "ci" / "github").mkdir(parents=True)
    (tmp_path / "ci" / "github" / "step.py").write_text((GITHUB / "step.py").read_text())
    gate = "import json, sys, pathlib\nout = pathlib.Path(sys.argv[2])\n"
    if writes:
        gate += "(out / 'report.md').write_text('**report**')\n(out / 'gate.json').write_text(json.dumps({'verdict': 'verdict: x'}))\n"
    executable(tmp_path / "ci" / "gate", gate + "sys.exit(3)\n")
    env = {"BENCH_OUT": "out", "BENCH_SCENARIOS": "a.yaml", "BENCH_PULL_REQUEST": "7", "BENCH_HEAD_SHA": SHA,
           "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output")}  # fmt: skip
    done = subprocess.run([sys.executable, str(tmp_path / "ci/github/step.py")], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert json.loads((tmp_path / "out" / "pull-request.json").read_text()) == {"number": "7", "head_sha": SHA}
    assert (tmp_path / "output").read_text() == ("verdict=verdict: x\n" if writes else "verdict=verdict: none (ci/gate ended with 3)\n")
    assert ("**report**" if writes else "**! verdict: none (ci/gate ended with 3)**") in (tmp_path / "summary").read_text()


def test_an_earlier_job_s_report_is_not_this_one_s(tmp_path):
    (tmp_path / "ci" / "github").mkdir(parents=True)
    (tmp_path / "ci" / "github" / "step.py").write_text((GITHUB / "step.py").read_text())
    executable(tmp_path / "ci" / "gate", "import sys\nsys.exit(2)\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.md").write_text("**pass**")
    (tmp_path / "out" / "gate.json").write_text('{"verdict": "verdict: pass", "changed": false}')
    env = {"BENCH_OUT": "out", "BENCH_SCENARIOS": "a.yaml", "GITHUB_OUTPUT": str(tmp_path / "output")}
    run = lambda **more: subprocess.run([sys.executable, str(tmp_path / "ci/github/step.py")], cwd=tmp_path, env=env | more,
                                        capture_output=True, text=True)  # fmt: skip  # noqa: E731
    assert run().returncode == 2
    assert (tmp_path / "output").read_text() == "verdict=verdict: none (ci/gate ended with 2)\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pull-request.json"]
    done = run(BENCH_ARGUMENTS="--only 'x")
    assert done.returncode == 2
    assert done.stderr == "step.py: the input `arguments` is nothing that a shell would split: No closing quotation\n"


# --- YAML ------------------------------------------------------------------------------------------------------------------


def check_jsonschema(schema, *files):
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True)


def test_workflows_and_action_keep_to_the_published_schema(tmp_path):
    assert len(WORKFLOWS) == 2
    done = check_jsonschema("vendor.github-workflows", *WORKFLOWS)
    assert done.returncode == 0, done.stdout
    done = check_jsonschema("vendor.github-actions", GITHUB / "action.yml")
    assert done.returncode == 0, done.stdout
    (tmp_path / "broken.yml").write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    assert check_jsonschema("vendor.github-workflows", tmp_path / "broken.yml").returncode == 1


def read(name):
    return yaml.load((GITHUB / name).read_text(), yaml.BaseLoader)


def test_only_the_workflow_that_runs_nothing_of_a_stranger_may_write():
    gate, comments = read("workflows/bench-gate.yml"), read("workflows/bench-comment.yml")
    assert gate["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in gate["on"]
    assert "secrets" not in (GITHUB / "workflows" / "bench-gate.yml").read_text()
    assert list(comments["on"]) == ["workflow_run"] and comments["on"]["workflow_run"]["workflows"] == [gate["name"]]
    (job,) = comments["jobs"].values()
    assert "self-hosted" not in job["runs-on"]
    for use in (s for s in job["steps"] if "checkout" in s.get("uses", "")):
        assert "ref" not in use["with"] and "repository" not in use["with"]
    assert read("action.yml")["inputs"]["artifact"]["default"] == job["steps"][1]["with"]["name"]


@pytest.mark.parametrize("name", ["action.yml", "workflows/bench-gate.yml", "workflows/bench-comment.yml"])
def test_scripts_take_no_expression_and_actions_are_pinned(name):
    text = (GITHUB / name).read_text()
    document = read(name)
    steps = document["runs"]["steps"] if "runs" in document else [s for job in document["jobs"].values() for s in job["steps"]]
    assert all("${{" not in s.get("run", "") for s in steps)
    for use in re.findall(r"uses: (\S+)", text):
        assert use == "./ci/github" or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", use), use
    used = {name for s in steps for name in s.get("with", {})} if "gate" in name else set()
    assert used <= {*read("action.yml")["inputs"], "fetch-depth", "persist-credentials"}
