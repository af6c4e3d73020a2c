"""What ci/gate does about cases that a baseline cannot decide: which they are, and which build stands for the baseline's."""

from __future__ import annotations

import json
import re

LIMIT_S = 300  # of GPU time, for all cases of a scenario; a build of the baseline's revision comes on top
ALARMS = ("regression", "improvement")


def undecided(comparison):
    """{revision: ids} of the cases that no number of processes here decides against what this revision measured for the baseline."""
    groups = {}
    for case in comparison.get("cases", []):
        if case["verdict"] == "inconclusive" and (case.get("judgement") or {}).get("wants_pairs"):
            revision = case.get("base_revision") or comparison.get("base", {}).get("git_sha", "")
            groups.setdefault(revision, []).append(case["id"])
    return groups


def early_alarms(pairs):
    """{id: verdict} of what `bench ab` calls changed though it would have measured on, had there been time."""
    cases = pairs.get("cases", [])
    return {case["id"]: case["verdict"] for case in cases if case["verdict"] in ALARMS and (case.get("judgement") or {}).get("open")}


def only(ids):
    """The regular expression that finds these cases."""
    return "^(" + "|".join(re.sub(r"[.*+?^${}()|[\]\\]", r"\\\g<0>", name) for name in ids) + ")$"


def base_arm(root, revision):
    """What stands for the baseline's build in the folder of this gate, as `bench ab` takes it, and why nothing does: one is ''."""
    if not re.fullmatch(r"[0-9a-f]{7,40}", revision):
        return "", "the baseline does not say which revision it is of: name its build with --escalate"
    if not (root / "bundle.json").exists():
        return revision, ""  # a checkout: bench ab builds it
    try:
        sha = json.loads((root / "A" / "bundle.json").read_text()).get("git_sha", "")
    except (OSError, ValueError):
        sha = ""
    if sha.startswith(revision):
        return str(root / "A"), ""
    has = f"whose A is of {sha[:12]}" if sha else "of one revision"
    return "", (
        f"this is a bundle {has}, and the baseline is of {revision}: make one of both with `ci/bundle --pair {revision} .` where a "
        "compiler is, or name the baseline's build with --escalate"
    )
