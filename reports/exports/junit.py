"""JUnit XML, as CI servers show it: a regression is a failure, what must not be used is an error, what is not decided is
skipped. Times are those of one sample."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from reports import words
from reports.document import Report

# Characters that XML 1.0 has no way to write.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)


def render(report: Report) -> str:
    result = report.result
    suite = ET.Element("testsuite", name=clean(result.scenario if result else "bench") or "bench")
    counts = {"failures": 0, "errors": 0, "skipped": 0}
    if result and report.headline:
        properties = ET.SubElement(suite, "properties")
        for name, value in (("verdict", report.headline), ("profile", result.profile), ("git_sha", result.git_sha)):
            ET.SubElement(properties, "property", name=name, value=clean(value))
    for row in report.rows:
        case = ET.SubElement(suite, "testcase", name=clean(row.id), classname=clean(row.kind), time=f"{row.new_t_s or 0:.9f}")
        message = clean(f"{row.verdict}: {words.drift(row.judgement)} {words.explanation(row)}".strip())
        if row.verdict == "regression":
            counts["failures"] += 1
            ET.SubElement(case, "failure", message=message, type=row.verdict).text = message
        elif row.verdict == "invalid":
            counts["errors"] += 1
            ET.SubElement(case, "error", message=message, type=row.verdict).text = message
        elif row.verdict in ("missing", "inconclusive"):
            counts["skipped"] += 1
            ET.SubElement(case, "skipped", message=message)
        elif row.judgement:
            ET.SubElement(case, "system-out").text = message
    if not report.rows:  # a report of nothing must not look like success
        counts["errors"] += 1
        case = ET.SubElement(suite, "testcase", name="result", classname="bench", time="0")
        ET.SubElement(case, "error", message=clean(report.headline), type="invalid").text = clean("; ".join(report.faults))
    suite.set("tests", str(max(1, len(report.rows))))
    for name, count in counts.items():
        suite.set(name, str(count))
    if result and result.started:
        suite.set("timestamp", result.started.rstrip("Z"))
    root = ET.Element("testsuites", {"name": "bench", "tests": suite.get("tests", "1"), "failures": str(counts["failures"]),
                                     "errors": str(counts["errors"])})  # fmt: skip
    root.append(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"
