"""Every format against its approved output, and against what reads it."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys
from dataclasses import replace

import jsonschema
import junitparser
import pytest
import sample
from conftest import TESTS

from reports import figures, markdown, page, style
from reports.document import Report
from reports.write import EXPORTS


@pytest.fixture(scope="module")
def stable(report: Report) -> Report:
    """Without the names of temporary folders."""
    assert report.result
    return replace(report, result=replace(report.result, file="results/new.json"))


def test_markdown(stable, approved):
    approved("report.md", markdown.render(stable))


def test_html_without_figures(stable, approved):
    text = page.render(stable, None, [], {})
    own = [(page.TEMPLATES / name).read_text() for name in ("report.css", "report.js")]
    for source in own:
        assert source in text
        text = text.replace(source, "(its own file)\n")
    approved("report.html", text)


@pytest.mark.parametrize("name", EXPORTS)
def test_export(stable, approved, name):
    approved(name, EXPORTS[name](stable))


def labels(drawing: style.Drawing) -> str:
    """What a figure says, and how much it draws."""
    texts = [re.sub(r"<.*?>", "", t) for t in re.findall(r"<text[^>]*>(.*?)</text>", drawing.svg, re.S)]
    return "\n".join([drawing.alt, *texts, f"{drawing.svg.count('<use ')} marks", f"{drawing.svg.count('<path ')} paths", ""])


def test_figures(stable, approved):
    drawn = [figures.forest(stable), figures.roofline(stable), figures.loop_roofline(stable)]
    shown = ("zimage/loop/turbo-50/graph/aten", "zimage/rms_norm/4128x3840.bf16/aten", sample.NASTY)
    drawn += [figures.case(row) for row in stable.rows if row.id in shown]
    assert all(drawn)
    approved("figures.txt", "\n".join(f"== {d.name}\n{labels(d)}" for d in drawn if d))


def test_figures_are_the_same_every_time(stable):
    row = next(row for row in stable.rows if "turbo-50" in row.id)
    first, second = figures.case(row), figures.case(row)
    assert first and second
    assert first.svg == second.svg
    assert first.png == second.png and first.png.startswith(b"\x89PNG")


# --- consumers ------------------------------------------------------------------------------------------------------


def test_junit_reads_what_was_meant(stable):
    xml = junitparser.JUnitXml.fromstring(EXPORTS["junit.xml"](stable).encode())
    (suite,) = xml
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (9, 1, 1, 3)
    kinds = {case.name: type(case.result[0]).__name__ if case.result else "passed" for case in suite}
    assert kinds["zimage/loop/turbo-50/graph/aten"] == "Failure"
    assert kinds["zimage/loop/broken/graph/aten"] == "Error"
    assert kinds["zimage/loop/new/graph/aten"] == kinds["zimage/loop/noisy/graph/aten"] == "Skipped"
    assert kinds[sample.NASTY] == kinds["zimage/rms_norm/4128x3840.bf16/decomposed"] == "passed"


def test_junit_takes_any_text(stable):
    row = replace(stable.rows[0], id="a\x00\x1b]<&\ud800", verdict="invalid", reason="]]>\x07")
    xml = junitparser.JUnitXml.fromstring(EXPORTS["junit.xml"](replace(stable, rows=[row])).encode())
    assert next(iter(next(iter(xml)))).name == "a\ufffd\ufffd]<&\ufffd"


def test_google_benchmark_compares_it(stable, tmp_path):
    """Google Benchmark's own compare.py, of its release 1.7.1 (see gbench/README.md), reads two of them."""
    text = EXPORTS["google-benchmark.json"](stable)
    (tmp_path / "base.json").write_text(text)
    slower = json.loads(text)
    for benchmark in slower["benchmarks"]:
        benchmark["real_time"] *= 1.5
    (tmp_path / "new.json").write_text(json.dumps(slower))
    tool = [sys.executable, str(TESTS / "gbench" / "compare.py"), "--no-color", "--no-utest", "-d", str(tmp_path / "out.json")]
    done = subprocess.run([*tool, "benchmarks", "base.json", "new.json"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "zimage/loop/turbo-9/graph/aten" in done.stdout and "+0.5000" in done.stdout
    names = [entry["name"] for entry in json.loads((tmp_path / "out.json").read_text())]
    assert sample.NASTY in names and "zimage/loop/broken/graph/aten" not in names


BENCHER = {  # https://bencher.dev/docs/reference/bencher-metric-format/
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {
            "type": "object",
            "required": ["value"],
            "additionalProperties": False,
            "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
        },
    },
}
# customSmallerIsBetter of https://github.com/benchmark-action/github-action-benchmark at c38cce98215c: src/extract.ts demands an array
# of {name: string, value: number, unit: string, range?: string, extra?: string}, z.object(...) of strings and numbers that it coerces.
# Ours is stricter: of those types to begin with, and nothing that the reader would drop.
ACTION = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "unit", "value"],
        "additionalProperties": False,
        "properties": {
            "value": {"type": "number"},
            **{name: {"type": "string"} for name in ("name", "unit", "range", "extra")},
        },
    },
}


@pytest.mark.parametrize(("name", "schema"), [("bencher.json", BENCHER), ("github-action-benchmark.json", ACTION)])
def test_documented_format(stable, name, schema):
    data = json.loads(EXPORTS[name](stable))
    jsonschema.validate(data, schema)
    assert len(data) == 7  # of nine, one failed and one is only in the baseline
    if name == "bencher.json":
        for measures in data.values():
            for metric in measures.values():
                assert metric["lower_value"] <= metric["value"] <= metric["upper_value"]


def test_the_action_s_reader_understands_every_range(stable):
    """src/extractRangeInfo.ts reads a range with this expression, then as Number(); what it cannot read it leaves out of the picture."""
    entries = json.loads(EXPORTS["github-action-benchmark.json"](stable))
    for entry in entries:
        found = re.search(r"(?P<prefix>(\+-|±)\s*)(?P<value>\d.*)", entry["range"])
        assert found and float(found["value"]) >= 0
    # src/normalizeBenchmark.ts finds a case's earlier value by its name, the first one that has it.
    assert len({entry["name"] for entry in entries}) == len(entries)
    assert all(entry["name"] and math.isfinite(entry["value"]) and entry["value"] > 0 for entry in entries)


def test_csv(stable):
    rows = list(csv.DictReader(io.StringIO(EXPORTS["cases.csv"](stable))))
    assert [row["case"] for row in rows] == [row.id for row in stable.rows]
    assert float(rows[1]["work"]) == pytest.approx(0.004, abs=3e-4)


def test_csv_is_no_formula(stable):
    row = replace(stable.rows[0], id='=HYPERLINK("http://x")')
    assert EXPORTS["cases.csv"](replace(stable, rows=[row])).splitlines()[1].startswith('"\'=HYPERLINK(')
