"""The HTML report: one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import style, words
from reports.document import Report, Result, Row

TEMPLATES = Path(__file__).parent / "templates"

# Facts that differ from run to run without meaning anything.
_NOISE = {("promotion", "from"), ("promotion", "reason"), ("promotion", "when")}


@dataclass(frozen=True)
class Fact:
    topic: str
    key: str
    before: str
    now: str

    @property
    def differs(self) -> bool:
        return bool(self.before and self.now) and self.before != self.now


def environment(base: Result | None, new: Result | None) -> list[Fact]:
    """Every fact of both machines and their settings, of a side with several 'one and another'; '' where it does not say."""
    facts: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for i, result in enumerate((base, new)):
        for group in (result.machine, result.settings, *result.origins) if result else ():
            for topic, values in group.items():
                for key, value in values.items():
                    known = facts.setdefault((topic, key), ([], []))[i]
                    if value not in known:
                        known.append(value)
    return [Fact(*name, *(" and ".join(sorted(side)) for side in both)) for name, both in sorted(facts.items()) if name not in _NOISE]


def anchor(index: int) -> str:
    return f"case-{index}"


def breakable(name: str) -> Markup:
    """A case id that may be broken after its slashes."""
    return Markup("/<wbr>").join(name.split("/"))


def render(
    report: Report, overview: style.Drawing | None, rooflines: Sequence[style.Drawing | None], drawn: dict[str, style.Drawing]
) -> str:
    """`rooflines`: of kernels and of loops; `drawn`: the figures of those cases that have one, by case id."""
    engine = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    engine.globals.update(words=words, anchor=anchor, breakable=breakable)

    def figure(drawing: style.Drawing | None) -> Markup:
        return Markup(style.inline(drawing)) if drawing else Markup("")

    def sort_key(row: Row, column: str) -> str:
        value = {
            "base": row.base_t_s,
            "now": row.new_t_s,
            "work": row.judgement.work if row.judgement else None,
            "wall": row.judgement.wall if row.judgement else None,
            "width": row.judgement.half_width if row.judgement else None,
        }[column]
        return "" if value is None else repr(value)

    return engine.get_template("report.html.j2").render(
        report=report,
        result=report.result,
        overview=overview,
        rooflines=[drawing for drawing in rooflines if drawing],
        drawn=drawn,
        figure=figure,
        sort_key=sort_key,
        facts=environment(report.baseline, report.result),
        css=Markup((TEMPLATES / "report.css").read_text()),
        script=Markup((TEMPLATES / "report.js").read_text()),
        undrawn=sum(row.id not in drawn for row in report.rows),
    )
