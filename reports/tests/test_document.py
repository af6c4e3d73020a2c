"""Broken, partial and very large results still make a report; text stays text."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sample
from conftest import TESTS

from reports import figures, markdown, page, reading, words, write
from reports.document import Report

ROOT = TESTS.parents[1]


def load(tmp_path: Path, result: str | dict | None, comparison: dict) -> Report:
    file = tmp_path / "r.json"
    if result is not None:
        file.write_text(result if isinstance(result, str) else json.dumps(result))
    (tmp_path / "comparison.json").write_text(json.dumps({"schema_version": 1, **comparison}))
    return reading.load(file, None, tmp_path / "comparison.json")


def outputs(report: Report) -> dict[str, str | bytes]:
    return dict(write.files(report, 1))


def new() -> dict:
    return sample.pair()[1]


def test_a_result_that_is_cut_off(tmp_path):
    report = load(tmp_path, json.dumps(new())[:5000], {"missing": "r.json:1:5001: unexpected end of the text"})
    made = outputs(report)
    assert report.verdict == "invalid" and report.faults == ["r.json:1:5001: unexpected end of the text"]
    assert "unexpected end" in str(made["report.md"]) and "unexpected end" in str(made["report.html"])
    assert 'errors="1"' in str(made["junit.xml"])


def test_a_result_that_is_not_there(tmp_path):
    report = load(tmp_path, None, {"missing": "cannot read 'r.json': No such file or directory; check the path"})
    assert "✗" not in markdown.render(report) and "verdict: invalid (no result)" in markdown.render(report)


@pytest.mark.parametrize("text", [
    "[]", "3", '{"cases": 3}', '{"cases": [3, null, {"id": 7}]}', '{"cases": [{"replicates": "x"}]}',
    '{"cases": [{"kernels": {"a": 1e400}}]}', '{"cases": [{"profile": {"kernels": [3]}}]}', '{"cases": [{"bytes": %s}]}' % (10**400),
    '{"cases": [{"peak_memory_bytes": 1e400}]}', '{"cases": [{"kind": "kernel", "check": {"exact_share": NaN, "max_ulp": 1}}]}',
])  # fmt: skip
def test_a_result_of_another_kind(tmp_path, text):
    assert outputs(load(tmp_path, text, {"missing": "r.json: /tool: is missing"}))["report.md"]


def test_an_interrupted_run(tmp_path):
    result = {**new(), "interrupted": True, "finished": ""}
    report = load(tmp_path, result, {"missing": "no baseline for this scenario and device"})
    text = markdown.render(report)
    assert "the run was interrupted: only the cases that had finished are here" in text
    assert "verdict: invalid (7 measured, 1 invalid, no baseline)" in text
    assert {row.verdict for row in report.rows} == {"measured", "invalid"}


def test_a_run_of_which_only_the_clock_is_missing(tmp_path):
    result = new()
    for case in result["cases"]:
        for replicate in case["replicates"]:
            replicate["samples"]["f_hz"] = [None] * 12
            replicate["machine"] = {}
    report = load(tmp_path, result, {"missing": "no baseline for this scenario and device"})
    assert b"PNG" in outputs(report)["figures/case-zimage-loop-turbo-9-graph-aten.png"][:8]  # type: ignore[operator]


def with_traces(trace: dict | None) -> dict:
    result = new()
    for case in result["cases"]:
        for replicate in case["replicates"]:
            replicate["trace"] = trace
    return result


@pytest.mark.parametrize(("trace", "label"), [
    ({"t_s": [0.0, 0.1, 0.2], "power_w": [690.0, None, 691.0]}, ">power, W<"),
    ({"t_s": [0.0, 0.1], "power_w": [690.0, None]}, ">before, after<"),  # one reading is no line
    ({"t_s": [0.0, 0.1], "power_w": [690.0]}, ">before, after<"),
    ({}, ">before, after<"),
    (None, ">before, after<"),  # an older bench
])  # fmt: skip
def test_power_is_a_line_where_it_was_read_and_else_two_marks(tmp_path, trace, label):
    report = load(tmp_path, with_traces(trace), {"missing": "no baseline for this scenario and device"})
    drawing = figures.case(report.rows[0], png=False)
    assert drawing and label in drawing.svg
    assert (">before, after<" in drawing.svg) == (label == ">before, after<")


def test_what_the_readings_add_up_to():
    case = reading.result_of(new(), "r.json").cases[0]
    assert words.gpu_while_sampled(case) == "697 W, 61 °C at most, clock held by SwPowerCap 75 % of the time"
    bare = [replace(replicate, machine={"sampled": {"energy_j": 1.0}}) for replicate in case.replicates]
    assert words.gpu_while_sampled(replace(case, replicates=bare)) == words.gpu_while_sampled(None) == ""


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, int] = {}
        self.attributes: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen[tag] = self.seen.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}


def test_text_stays_text(report):
    text = str(outputs(report)["report.html"])
    tags = Tags()
    tags.feed(text)
    assert tags.seen["script"] == 1 and "b" not in tags.seen
    assert not {name for name in tags.attributes if name.startswith("on")}
    assert "&lt;script&gt;alert" in text
    comment = markdown.render(report)
    for harm in ("<script", "<b>", "@team", "://", "|`a`"):
        assert harm not in comment
    rows = [line for line in comment.splitlines() if "&#60;script" in line and line.startswith("| ")]
    assert [row.count("|") for row in rows] == [6, 7]  # a kernel's, a case's


def test_nothing_is_loaded_from_elsewhere(report):
    text = str(outputs(report)["report.html"])
    text = text.replace("http://www.w3.org/", "")  # names of XML, which nobody fetches
    for what in ("src=", "http://", "//fonts", "@import", "<link"):
        assert what not in text
    assert "https://" not in text.replace("https://example.org", "")  # the message of a case


# --- size and time ---------------------------------------------------------------------------------------------------


def many(n: int, comparison: dict, longer: str = "") -> tuple[dict, dict, dict]:
    """(baseline, result, comparison) of n cases each like one of the sample's."""
    base, fresh = sample.pair()
    for document_ in (base, fresh):
        cases = [case for case in document_["cases"] if case["kind"] != "anchor"]
        document_["cases"] = [{**cases[i % len(cases)], "id": f"{longer}{i:04d}/{cases[i % len(cases)]['id']}"} for i in range(n)]
    judged = comparison["cases"]
    judged = [{**judged[i % 9], "id": fresh["cases"][i % len(fresh["cases"])]["id"]} for i in range(n)]
    return base, fresh, {**comparison, "cases": judged}


def comparison() -> dict:
    return json.loads((TESTS / "data" / "comparison.json").read_text())


@pytest.mark.parametrize(("n", "longer"), [(1000, ""), (3000, "x" * 150), (200, "@<>|" * 500), (60, "`\n" * 3000)])
def test_a_comment_always_fits(tmp_path, n, longer):
    _, fresh, judged = many(n, comparison(), longer)
    judged["notes"] = ["n" * 5000] * 50
    for case in judged["cases"]:
        case["reason"] = f"reason of {case['id']} " + "#1 " * 2000
    fresh["argv"] = ["bench", "x" * 100_000]
    text = markdown.render(load(tmp_path, fresh, judged))
    assert len(text) < markdown.LIMIT < 60_001
    assert "Cut here:" in text
    assert text.count("<details>") == text.count("</details>")


def test_a_thousand_cases_take_less_than_ten_seconds(tmp_path):
    base, fresh, judged = many(1000, comparison())
    for name, data in (("base", base), ("new", fresh), ("comparison", judged)):
        (tmp_path / f"{name}.json").write_text(json.dumps(data))
    words = ["--result", "new.json", "--baseline", "base.json", "--comparison", "comparison.json", "--out", "out"]
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-m", "reports", *words], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=True, timeout=120)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - start
    # On a machine busy with other work wall time says nothing.
    assert min(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) < 10
    assert len(list((tmp_path / "out" / "figures").glob("case-*.svg"))) == write.MOST_FIGURES
    assert "988 have none" in (tmp_path / "out" / "report.html").read_text()


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_python_without_matplotlib(folder, tmp_path):
    """What needs no package is written, and no picture of an earlier report stays."""
    (tmp_path / "report.html").write_text("of an earlier report")
    words = ["--result", "new.json", "--baseline", "zimage.json", "--comparison", "comparison.json", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-S", "-m", "reports", *words], cwd=folder, env={"PATH": "", "PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 6 and done.stdout.splitlines()[0] == str(tmp_path / "report.md")
    (line,) = done.stderr.splitlines()
    assert line.startswith("bench: ") and "has no matplotlib and no jinja2, so no HTML and no figures: `ci/setup reports`" in line
    assert {path.name for path in tmp_path.iterdir()} == {"report.md", *write.EXPORTS}
    assert (tmp_path / "report.md").read_text() == (TESTS / "approved" / "report.md").read_text()


def test_a_case_decided_in_turn_shows_what_was_measured_then(folder, tmp_path, comparison_in_turn):
    report = reading.load(folder / "new.json", folder / "zimage.json", comparison_in_turn)
    (row,) = [row for row in report.rows if row.in_turn]
    assert row.base and row.base.t_s == pytest.approx(0.2) and row.new and row.new.t_s == pytest.approx(0.3)
    other = report.rows[0]
    assert other.base and other.base.t_s == pytest.approx(0.1, rel=0.02)
    made = outputs(report)
    said = "in turn with the baseline&#39;s build on this GPU"
    assert said.replace("&#39;", "'") in str(made["report.md"]) and "in turn with the baseline's build" in str(made["junit.xml"])
    assert said in str(made["report.html"])


@pytest.fixture
def comparison_in_turn(tmp_path):
    """The sample's comparison with its regression taken from `bench ab`."""
    judged = comparison()
    (case,) = [case for case in judged["cases"] if case["verdict"] == "regression"]
    case["pairs_of"] = str(tmp_path / "pairs")
    (tmp_path / "pairs").mkdir()
    for name, t_s in (("a", 0.2), ("b", 0.3)):
        arm = {"cases": [{"id": case["id"], "kind": "loop", "replicates": [{"samples": {"t_s": [t_s] * 3}}]}]}
        (tmp_path / "pairs" / f"{name}.json").write_text(json.dumps(arm))
    (tmp_path / "comparison.json").write_text(json.dumps(judged))
    return tmp_path / "comparison.json"


def test_a_folder_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "out").write_text("")
    words = ["--result", "new.json", "--comparison", "comparison.json", "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-m", "reports", *words], cwd=folder, env={"PYTHONPATH": str(ROOT)},
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 2 and "name another folder with --out" in done.stderr, done.stderr


def test_figures_of_an_earlier_report_go(report, tmp_path, folder):
    words = ["--result", str(folder / "new.json"), "--comparison", str(folder / "comparison.json"), "--out", str(tmp_path)]
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "case-old.svg").write_text("")
    assert write.main([*words, "--figures", "0"]) == 0
    assert sorted(p.name for p in (tmp_path / "figures").iterdir()) == ["forest.png", "forest.svg", "roofline-loops.png", "roofline-loops.svg", "roofline.png", "roofline.svg"]


def test_a_promoted_baseline_shows_old_and_new(report, tmp_path):
    promotion = {"reason": "fused <norm>", "comparison": comparison()}
    (tmp_path / "c.json").write_text(json.dumps({**comparison(), "promotion": promotion}))
    fresh = reading.load(Path("none"), None, tmp_path / "c.json")
    text = markdown.render(replace(fresh, result=report.result))
    assert "**The baseline is replaced on purpose:** fused &#60;norm&#62;" in text
    assert "| old baseline | new baseline |" in text


def test_an_explanation_adds_up(report):
    (row,) = [row for row in report.rows if row.explanation]
    explanation = row.explanation
    for operation, kernels in explanation.operations:
        assert operation.share == pytest.approx(sum(kernel.share for kernel in kernels), abs=1e-12)
    whole = sum(operation.share for operation, _ in explanation.operations) + explanation.gaps + explanation.unaccounted
    assert whole == pytest.approx(explanation.work, abs=1e-12)
    assert [line.change for _, line in explanation.most(2)] == ["appeared", "slower"]


def test_bytes_are_measured_where_every_kernel_was_counted():
    counters = {"dram_read_bytes": 3e6, "dram_written_bytes": 1e6}
    kernels = [{"launches": 2, "counters": counters}, {"launches": 1, "counters": counters}]
    assert reading._measured_bytes({"kernels": kernels}) == 12e6
    assert reading._measured_bytes({"kernels": [*kernels, {"launches": 1, "counters": None}]}) is None
    assert reading._measured_bytes({"kernels": []}) is reading._measured_bytes({}) is None
    assert reading._measured_bytes({"counters": counters, "kernels": [{"launches": 2, "counters": None}]}) == 4e6  # a whole step


def test_the_copy_is_the_anchors_else_that_of_the_largest_kernel(report):
    result = report.result
    assert result and result.copy_rate == pytest.approx(sample.COPY_BYTES / 1e-3, rel=0.02)
    kernels = replace(result, cases=[case for case in result.cases if case.kind != "anchor"])
    assert kernels.copy_rate == pytest.approx(63413760.0 / 1.65e-5)
    assert replace(result, cases=[]).copy_rate is None


def test_loops_whose_bytes_nobody_counted_are_under_no_roofline(report):
    assert figures.loop_roofline(report) is not None
    bare = [replace(row, new=replace(row.new, measured_bytes=None)) if row.new else row for row in report.rows]
    assert figures.loop_roofline(replace(report, rows=bare)) is None
    no_roof = replace(report, result=replace(report.result, cases=[]))
    drawing = figures.loop_roofline(no_roof)
    assert drawing and "no copy, which was not measured, and a matrix product of 680 TFLOP/s" in drawing.alt


def test_bytes_that_cannot_be_are_under_no_roofline(report):
    data = new()
    for case in data["cases"]:
        if case.get("profile"):
            case["profile"]["counters"]["dram_read_bytes"] = math.nan
    cases = {case.id: case for case in reading.result_of(data, "r.json").cases}
    rows = [replace(row, new=cases.get(row.id), base=None) for row in report.rows]
    assert figures.loop_roofline(replace(report, rows=rows)) is None


def test_kernels_have_the_names_that_bench_prints():
    """bench/explain/kernel_name_test.cpp holds the C++ rule against the same table."""
    rows = [line.split("\t") for line in (ROOT / "bench/explain/testdata/kernel_names.tsv").read_text().splitlines()]
    assert len(rows) > 10
    for width, shown, name in rows:
        assert words.kernel(name, int(width)) == shown


def test_the_environment_is_of_all_machines_that_a_side_was_measured_on(report):
    base = replace(report.baseline, origins=[{"driver": {"version": "570.9"}, "gpu": {"name": "NVIDIA H200"}}])
    facts = {(fact.topic, fact.key): fact for fact in page.environment(base, report.result)}
    assert (facts["driver", "version"].before, facts["driver", "version"].now) == ("570.9 and 580.1", "590.2")
    assert facts["driver", "version"].differs and not facts["gpu", "name"].differs


PLACES = (2.61, 3.14, 3.04, 2.96, 2.95, 2.86, 2.77, 2.71)  # microseconds


def of_places(*processes: tuple[float, ...], kind: str = "kernel") -> dict:
    """A result of one case whose processes have two samples at each place."""
    replicates = [{"process": i, "device_uuid": "GPU-a", "samples": {
        "t_s": [us * 1e-6 for us in of for _ in range(2)], "f_hz": [None] * 2 * len(of), "loop": [p for p in range(len(of)) for _ in range(2)]}}
        for i, of in enumerate(processes)]  # fmt: skip
    return {"cases": [{"id": "zimage/rms_norm/32x3840.bf16/fused", "kind": kind, "status": "ok", "replicates": replicates}]}


def test_a_kernel_is_shown_as_bench_s_own_table_has_it(tmp_path):
    """The samples of bench/compare/judged_samples_test.cpp: without a baseline too, less what places are worth."""
    data = of_places(PLACES, PLACES, (2.4, 3.2, 3.4, 2.97, 3.1, 2.85, 2.775, 2.70))
    report = load(tmp_path, data, {"missing": "not held against a baseline"})
    (row,) = report.rows
    level = math.exp(sum(map(math.log, PLACES)) / len(PLACES)) * 1e-6
    assert row.new_t_s == pytest.approx(level)
    of_third = level * (2.97 / 2.96 + 2.775 / 2.77) / 2
    assert [timing.t_s for timing in row.new_timings] == pytest.approx([level, level, of_third])
    loops = reading.result_of(of_places(PLACES, kind="loop"), "r.json").cases[0]
    assert loops.t_s == pytest.approx((2.86e-6 + 2.95e-6) / 2)  # of what is no kernel the samples as they are


def test_a_kernel_s_picture_shows_the_samples_that_were_judged(report):
    base, new = (reading.result_of(of_places(*of), "r.json").cases[0] for of in ([PLACES] * 2, [[1.01 * us for us in PLACES]] * 3))
    row = replace(next(row for row in report.rows if row.kind == "kernel"), base=base, new=new)
    level = math.exp(sum(map(math.log, PLACES)) / len(PLACES)) * 1e-6
    for arm, drift, processes in zip(row.judged, (1, 1.01), (2, 3)):
        assert [r.t_s for r in arm] == [pytest.approx([drift * level] * 4)] * processes  # at two places of eight
    other = replace(base, id="zimage/rms_norm/4128x3840.bf16/fused", replicates=[])
    assert replace(row, base=other).judged == ([], new.judged)  # another shape has other places


def test_arms_without_a_common_place_are_shown_as_they_are(report):
    one, other = (reading.result_of(of_places(PLACES), "r.json").cases[0] for _ in range(2))
    moved = replace(other, replicates=[replace(r, loop=[place + 8 for place in r.loop]) for r in other.replicates])
    row = replace(report.rows[0], base=one, new=moved)
    assert row.judged == (one.replicates, moved.replicates)


@pytest.mark.parametrize("t_s", [0, -1e-6, math.inf, math.nan])
def test_times_that_cannot_be_are_no_samples(tmp_path, t_s):
    data = of_places(PLACES)
    data["cases"][0]["replicates"][0]["samples"]["t_s"][3] = t_s
    report = load(tmp_path, data, {"missing": "r.json: /cases/0/replicates/0/samples/t_s/3: a number above 0 is needed"})
    assert [(row.verdict, row.reason) for row in report.rows] == [("invalid", "no samples")]
    assert outputs(report)["report.md"]


def test_how_exact_a_kernel_is():
    """bench/text/result_table_test.cpp asks the same of the terminal's table."""
    assert [words.exact_share(share) for share in (1, 1 - 1e-9, 0.7396, 0, None)] == ["100 %", "99 %", "73 %", "0 %", "-"]
    assert (words.max_error(0.0078125), words.ulp(1), words.ulp(109.3), words.ulp(None)) == ("7.8e-03", "1", "109", "-")


def test_accuracy_says_what_changed(report):
    (row,) = [row for row in report.rows if row.id == "zimage/rms_norm/4128x3840.bf16/decomposed"]
    assert words.accuracy(row) == ["3.1e-02 → 1.6e-02", "109 → 0.5", "99 % → 100 %"]
    assert row.new and row.base
    older = replace(row.new, accuracy=replace(row.new.accuracy, exact_share=None))
    assert words.accuracy(replace(row, base=None, new=older)) == ["1.6e-02", "0.5", "-"]
    assert words.accuracy(replace(row, new=older))[2] == "99 % → -"
    assert words.accuracy(replace(row, base=older))[2] == "100 %"
    assert words.accuracy(replace(row, new=replace(row.new, status="invalid"))) == []
    assert words.accuracy(report.rows[0]) == []  # a loop


def test_origins_are_read():
    data = {"origins": [{"git_sha": "a", "machine": {"driver": {"version": "570.9"}}, "settings": {"settings": {"threads": "32"}}}]}
    assert reading.result_of(data, "r.json").origins == [{"driver": {"version": "570.9"}, "settings": {"threads": "32"}}]
