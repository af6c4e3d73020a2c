"""What a person at a terminal sees, on a pseudo-terminal."""

import fcntl
import json
import os
import pty
import re
import struct
import termios

import pytest

BAR = re.compile(r"\[=*>? *\] \d/2 ETA (\d+:\d\d|-:--)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CLEAR_LINE = "\r\x1b[K"


class Terminal:
    """A terminal of 120 columns that a program runs on, and what it has shown so far."""

    def __init__(self, bench, *arguments):
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        self.process = bench.start(
            *arguments, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(theirs)
        self.text = ""

    def read(self):
        """False at the end."""
        try:
            data = os.read(self.ours, 4096)
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        self.text += data.decode()
        return bool(data)

    def read_all(self):
        while self.read():
            pass
        return self.process.wait(timeout=30)


@pytest.fixture
def terminal(bench):
    opened = []

    def start(*arguments):
        opened.append(Terminal(bench, "run", bench.scenario, *bench.quick, "--only", bench.kernel, *arguments, "--out", "a.json"))
        return opened[-1]

    yield start
    for one in opened:
        os.close(one.ours)


def test_bar_and_colour(terminal):
    screen = terminal()
    assert screen.read_all() == 0
    assert BAR.search(screen.text) and CLEAR_LINE in screen.text
    last_bar = [match.end() for match in BAR.finditer(screen.text)][-1]
    assert CLEAR_LINE in screen.text[last_bar:]  # it is gone in the end
    assert COLOUR.search(screen.text)


@pytest.mark.parametrize(("name", "value", "bar"), [("NO_COLOR", "1", True), ("TERM", "dumb", False)])
def test_no_colour(bench, terminal, name, value, bar):
    bench.env[name] = value
    screen = terminal()
    assert screen.read_all() == 0
    assert not COLOUR.search(screen.text)
    assert bool(BAR.search(screen.text)) == bar == ("\x1b" in screen.text)


def test_quiet(terminal):
    screen = terminal("--quiet")
    assert screen.read_all() == 0
    assert not BAR.search(screen.text) and "[1/2]" not in screen.text and "us/launch" in screen.text


def test_control_c(bench, terminal):
    screen = terminal("--set", "profiles.cpu.sampling.regions=100000")
    while "samples" not in screen.text:
        assert screen.read(), screen.text
    os.write(screen.ours, b"\x03")
    assert screen.read_all() == 130
    result = json.loads((bench.cwd / "a.json").read_text())
    assert result["interrupted"] and {case["kind"] for case in result["cases"]} <= {"anchor"}
