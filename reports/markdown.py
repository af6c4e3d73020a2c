"""The comment on a pull request: GitHub's Markdown, verdict first, what changed, the rest folded."""

from __future__ import annotations

import re

from reports import words
from reports.document import Report, Row

LIMIT = 60_000  # GitHub refuses comments of more than 65,536 characters
MOST_CHANGED = 40
MOST_KERNELS = 12
MOST_EXPLAINED = 8  # cases
MOST_PARTS = 6  # kernels of one of them
LONGEST_CELL = 300
ROOM_OF_ACCURACY = 3000  # characters, at least

_PLAIN = re.compile(r"[\w./=+%,:#() -]+")


def escaped(text: str) -> str:
    """Text that stays text: no markup, no mention of people, no link."""
    text = " ".join(text.split())
    if len(text) > LONGEST_CELL:
        text = text[: LONGEST_CELL - 1] + "…"
    text = re.sub(r"[&<>|`*_\[\]\\~@$]|#(?=\d)", lambda match: f"&#{ord(match.group())};", text)
    return text.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")


def code(text: str) -> str:
    """A case id: as code where that is safe, else escaped."""
    return f"`{text}`" if _PLAIN.fullmatch(text) and len(text) <= LONGEST_CELL else escaped(text)


def row_line(row: Row) -> str:
    cells = [code(row.id), words.time(row.base_t_s), words.time(row.new_t_s)]
    shown = row.judgement if row.verdict not in ("invalid", "missing") else None
    cells += [words.drift(shown), words.percent(shown.wall) if shown else "", words.verdict(row.verdict)]
    return "| " + " | ".join(cells) + " |\n"


HEADER = "| case | baseline | now | work drift ± 99 % | wall | verdict |\n| --- | ---: | ---: | ---: | ---: | --- |\n"


ACCURACY_HEADER = "| case | max error | ulp | exact: the fp64 result, correctly rounded |\n| --- | ---: | ---: | ---: |\n"


def changed_section(report: Report) -> str:
    changed = report.changed
    if not changed:
        if report.rows and any(row.judgement for row in report.rows):
            return f"Nothing changed: {len(report.rows)} of {len(report.rows)} cases within their gates.\n"
        return ""
    text = HEADER + "".join(row_line(row) for row in changed[:MOST_CHANGED])
    if len(changed) > MOST_CHANGED:
        text += f"\n{len(changed) - MOST_CHANGED} more cases that did not pass are not shown here; the HTML report has all.\n"
    return text + "\n" + explanations(changed[:MOST_CHANGED])


def explanations(rows: list[Row]) -> str:
    """Why, one line for all cases of one reason."""
    reasons: dict[str, list[Row]] = {}
    for row in rows:
        if why := words.explanation(row):
            reasons.setdefault(f"{words.verdict(row.verdict)}: {escaped(why)}", []).append(row)
    lines = []
    for why, same in reasons.items():
        names = ", ".join(code(row.id) for row in same[:3])
        more = f" and {len(same) - 3} more" if len(same) > 3 else ""
        lines.append(f"- {why} ({names}{more})\n")
    return "".join(lines)


def kernels_section(rows: list[Row]) -> str:
    """Kernels whose number of launches moved, of the cases that changed; folded, for their names are long."""
    lines, moved = [], [(row, *kernel) for row in rows for kernel in row.moved_kernels]
    for row, name, before, now in moved[:MOST_KERNELS]:
        lines.append(f"| {code(row.id)} | {escaped(words.kernel(name, 100))} | {before} | {now} |\n")
    if not lines:
        return ""
    cut = f"\n{len(moved) - MOST_KERNELS} more are in the HTML report.\n" if len(moved) > MOST_KERNELS else ""
    table = "| case | kernel | baseline | now |\n| --- | --- | ---: | ---: |\n" + "".join(lines) + cut
    return details(f"Kernels that moved: {len(moved)}, launches a sample", table)


def explained_section(rows: list[Row]) -> str:
    """The kernels that moved most, of the cases that changed and have profiles."""
    explained = [(row, row.explanation) for row in rows if row.explanation]
    text = ""
    for row, explanation in explained[:MOST_EXPLAINED]:
        table = "| operation | kernel | | launches | of the step |\n| --- | --- | --- | ---: | ---: |\n"
        for operation, line in explanation.most(MOST_PARTS):
            cells = [escaped(operation), escaped(words.kernel(line.name, 60)), line.change, words.launches(line), words.share(line.share)]
            table += "| " + " | ".join(cells) + " |\n"
        table += f"| | gaps between kernels | | | {words.share(explanation.gaps)} |\n"
        if (more := explanation.count - MOST_PARTS) > 0:
            table += f"\n{more} more are in the HTML report.\n"
        text += details(f"Where it comes from: {code(row.id)}", f"{words.whole(explanation)}.\n\n{table}")
    return text


def promotion_section(report: Report) -> str:
    promotion = report.promotion
    if promotion is None:
        return ""
    text = f"\n**The baseline is replaced on purpose:** {escaped(promotion.reason) or 'no reason given'}. Old against new:\n\n"
    moved = [row for row in promotion.rows if row.verdict != "pass"]
    if not moved:
        return text + f"no case differs by more than its gate ({len(promotion.rows)} cases).\n"
    shown = moved[:MOST_CHANGED]
    text += HEADER.replace("baseline | now", "old baseline | new baseline") + "".join(map(row_line, shown))
    return text + (f"\n{len(moved) - len(shown)} more are not shown.\n" if len(moved) > len(shown) else "")


def details(title: str, body: str) -> str:
    return f"\n<details><summary>{title}</summary>\n\n{body}\n</details>\n"


def fitting(header: str, lines: list[str], room: int) -> str:
    """A table of cases, as many as fit in `room` characters; says what was cut."""
    text, shown = header, 0
    for line in lines:
        if len(text) + len(line) + 120 > room:
            break
        text += line
        shown += 1
    if shown < len(lines):
        text += f"\nCut here: {len(lines) - shown} more cases do not fit into a comment; the HTML report has all.\n"
    return text


def accuracy_lines(report: Report) -> list[str]:
    return [f"| {code(row.id)} | {' | '.join(cells)} |\n" for row in report.rows if (cells := words.accuracy(row))]


def fenced(text: str) -> str:
    """A code block that its content cannot end."""
    ticks = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}\n{text}\n{fence}\n"


def render(report: Report) -> str:
    """Always below LIMIT characters."""
    scenario = report.result.scenario if report.result else ""
    profile = f", profile {report.result.profile}" if report.result else ""
    text = f"**{words.MARKS.get(report.verdict, '?')} {escaped(report.headline)}**\n\n"
    if scenario:
        text += f"{code(scenario)}{escaped(profile)}."
        if resolution := words.resolution(report):
            text += f" This run resolves drifts of {resolution} (half a 99 % interval)."
        text += "\n\n"
    for fault in report.faults[:10]:
        text += f"> - **Note:** {escaped(fault)}\n"
    for note in report.notes[:10]:
        text += f"> - {escaped(note)}\n"
    if report.faults or report.notes:
        text += "\n"
    text += changed_section(report) + explained_section(report.changed) + kernels_section(report.changed) + promotion_section(report)

    tail = ""
    if lines := words.machine(report):
        tail += details("Machine", "".join(f"- {escaped(line)}\n" for line in lines))
    if command := words.reproduce(report):
        tail += details("Reproduce", fenced(command if len(command) < 4000 else command[:4000] + " ..."))
    text = _cut(text, LIMIT - len(tail) - 1000 - ROOM_OF_ACCURACY)
    accuracy = accuracy_lines(report)
    if report.rows:
        room = LIMIT - len(text) - len(tail) - 200 - (ROOM_OF_ACCURACY if accuracy else 0)
        text += details(f"All {len(report.rows)} cases", fitting(HEADER, [row_line(row) for row in report.rows], room))
    if accuracy:
        table = fitting(ACCURACY_HEADER, accuracy, LIMIT - len(text) - len(tail) - 200)
        text += details(f"{len(accuracy)} kernels against fp64", table)
    return text + tail


def _cut(text: str, room: int) -> str:
    """Whole lines only."""
    if len(text) <= room:
        return text
    return text[: text.rindex("\n", 0, room - 80) + 1] + "\nCut here: the HTML report has the rest.\n"
