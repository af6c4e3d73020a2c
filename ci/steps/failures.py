"""Reads the log of a package manager that failed and says in one line why, and the mend."""

from __future__ import annotations

import re

from steps.console import Failure

NO_NETWORK = re.compile(
    r"Could not resolve|Temporary failure|Unable to connect|Connection refused|Failed to establish|Network is unreachable"
    r"|timed out|ProxyError|SSLError|Failed to fetch|NameResolutionError|Connection reset"
)


def explain(log, tool, doing):
    """The Failure for what the file log says; doing is what was being done with tool."""
    text = log.read_text(errors="replace")
    if "No space left on device" in text:
        return Failure(f"no space left on the disk during {doing}: free some (TMPDIR moves pip's downloads), then call again")
    if NO_NETWORK.search(text):
        return Failure(
            f"no network during {doing}: {tool} cannot reach its server; connect, or name a mirror "
            f"(PIP_INDEX_URL, apt's sources), then call again; see {log}"
        )
    last = [line.strip() for line in text.splitlines() if re.match(r"\s*(ERROR|E|Error)\b:?", line)]
    return Failure(f"{tool} failed: {last[-1] if last else doing}; see {log}")
