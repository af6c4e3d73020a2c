#!/usr/bin/env python3
"""Usage: ci/github/comment.py FOLDER [--head-sha SHA] [--always]

Writes FOLDER/report.md, which ci/gate made, as a comment on the pull request that FOLDER/pull-request.json names, or changes the
comment that it wrote there before: there is one, found by a hidden marker. Where nothing changed and there is none, none is
written, unless --always. FOLDER may come from code of strangers: it is data, its text cannot call people, and the pull
request must be the one whose newest commit is SHA.

Environment: GITHUB_TOKEN (may write to pull requests), GITHUB_REPOSITORY (owner/name), GITHUB_API_URL
Exit codes: 0 written, or nothing to write; 1 GitHub refused; 2 wrong arguments or a folder without a report
Standard library only; Python >= 3.9.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

MARKER = "<!-- bench gate: this comment is kept up to date -->"
LIMIT = 65_000  # characters; GitHub takes 65,536
ATTEMPTS = 5
LONGEST_WAIT_S = 120


class Refused(Exception):
    """GitHub said no, in one line with the mend."""


class Api:
    """The few calls of GitHub's REST API that are needed, tried again where that helps."""

    def __init__(self, url, token, repository, sleep=time.sleep, now=time.time):
        self._url = url.rstrip("/")
        self._token = token
        self._repository = repository
        self._sleep = sleep
        self._now = now

    def call(self, method, path, body=None):
        """(answer, headers). Path is below the repository, or a whole address that GitHub gave for the next page."""
        address = path if path.startswith(self._url + "/") else f"{self._url}/repos/{self._repository}/{path}"
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "bench-gate",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        data = None if body is None else json.dumps(body).encode()
        for attempt in range(1, ATTEMPTS + 1):
            request = urllib.request.Request(address, data, {**headers, "Content-Type": "application/json"}, method=method)
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None, answer.headers
            except urllib.error.HTTPError as error:
                said = message_of(error)
                wait = self.wait_after(error, said, attempt)
                if wait is None or attempt == ATTEMPTS:
                    raise Refused(f"{method} {path}: {error.code} {said}{mend(error.code)}") from None
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
                # A comment whose answer was lost may have been written; asking again would write a second.
                if method == "POST" or attempt == ATTEMPTS:
                    raise Refused(f"{method} {path}: {getattr(error, 'reason', error)}: is {self._url} reachable?") from None
                wait = 2**attempt
            print(f"comment.py: waiting {wait:.0f} s, then again", file=sys.stderr)
            self._sleep(wait)
        raise AssertionError("unreachable")

    def wait_after(self, error, said, attempt):
        """Seconds to wait before the next attempt; None where another would end the same."""
        limited = error.code == 429 or (error.code == 403 and (
            error.headers.get("x-ratelimit-remaining") == "0" or error.headers.get("retry-after") or "rate limit" in said.lower()))  # fmt: skip
        if limited:
            wait = 2.0**attempt
            if (error.headers.get("retry-after") or "").isdigit():
                wait = float(error.headers["retry-after"])
            elif (error.headers.get("x-ratelimit-reset") or "").isdigit():
                wait = max(1.0, float(error.headers["x-ratelimit-reset"]) - self._now())
            return wait if wait <= LONGEST_WAIT_S else None
        return 2.0**attempt if error.code in (500, 502, 503, 504) else None

    def comments(self, number):
        """All comments of a pull request, page by page."""
        path = f"issues/{number}/comments?per_page=100"
        while path:
            page, headers = self.call("GET", path)
            yield from page
            following = re.search(r'<([^>]+)>;\s*rel="next"', headers.get("link") or "")
            path = following.group(1) if following else None


def message_of(error):
    try:
        return str(json.loads(error.read()).get("message", ""))[:200]
    except (ValueError, OSError, AttributeError):
        return str(error.reason)


def mend(code):
    return {
        401: ": GITHUB_TOKEN is wrong or has expired",
        403: ": the token lacks `pull-requests: write`, or the limit of calls is used up for longer than we wait",
        404: ": is GITHUB_REPOSITORY right, and may the token see it?",
    }.get(code, "")


def harmless(text):
    """Text of an untrusted file: it cannot call people, hold our marker or be longer than GitHub takes."""
    text = text.replace("\0", "").replace("<!--", "&lt;!--")
    text = re.sub(r"@(?=[\w-])", "@\u200b", text)
    if len(text) > LIMIT:
        text = text[: text.rfind("\n", 0, LIMIT - 100) + 1] + "\nCut here: the report in the artifact has the rest.\n"
    return text


def read_folder(folder):
    """(text, whether anything changed, the pull request's number or None)"""
    try:
        text = (folder / "report.md").read_text(errors="replace")
        gate = json.loads((folder / "gate.json").read_text())
        pull_request = json.loads((folder / "pull-request.json").read_text())
        number = str(pull_request["number"])
        changed = bool(gate["changed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{folder} is no folder of ci/gate: {error}") from None
    if number and not re.fullmatch(r"[1-9]\d{0,9}", number):
        raise ValueError(f"{folder}/pull-request.json: {number[:50]!r} is no number of a pull request")
    return text, changed, number or None


def is_bot(user):
    """Who deleted the account is nobody."""
    return user is not None and user["type"] == "Bot"


def publish(api, folder, head_sha, always):
    """Says what it did."""
    text, changed, number = read_folder(folder)
    if number is None:
        return "no pull request: nothing to comment on"
    if head_sha:
        actual = api.call("GET", f"pulls/{number}")[0]["head"]["sha"]
        if actual != head_sha:
            return f"pull request {number} is at {actual[:12]} by now, not at {head_sha[:12]}: no comment"
    body = f"{MARKER}\n{harmless(text)}"
    ours = next((c for c in api.comments(number) if (c["body"] or "").startswith(MARKER) and is_bot(c["user"])), None)
    if ours is None:
        if not changed and not always:
            return "nothing changed: no comment"
        return f"wrote {api.call('POST', f'issues/{number}/comments', {'body': body})[0]['html_url']}"
    if ours["body"].replace("\r\n", "\n").rstrip() == body.rstrip():
        return f"{ours['html_url']} says it already"
    return f"changed {api.call('PATCH', 'issues/comments/' + str(int(ours['id'])), {'body': body})[0]['html_url']}"


def wrong(message):
    print(f"comment.py: {message}; see --help", file=sys.stderr)
    sys.exit(2)


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--head-sha", default="")
    parser.add_argument("--always", action="store_true")
    parser.add_argument("--help", "-h", action="store_true")
    parser.error = wrong
    options = parser.parse_args()
    if options.help:
        print(__doc__, end="")
        return 0
    lacking = [name for name in ("GITHUB_TOKEN", "GITHUB_REPOSITORY") if not os.environ.get(name)]
    if options.folder is None or lacking:
        wrong(f"set {lacking[0]}" if lacking else "name the folder of ci/gate")
    api = Api(os.environ.get("GITHUB_API_URL") or "https://api.github.com", os.environ["GITHUB_TOKEN"], os.environ["GITHUB_REPOSITORY"])
    try:
        print(publish(api, options.folder, options.head_sha, options.always))
        return 0
    except ValueError as error:
        print(f"comment.py: {error}", file=sys.stderr)
        return 2
    except Refused as error:
        print(f"comment.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
