"""One line per message, one line per error, all on stderr: stdout belongs to what the scripts run."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time

UNAVAILABLE = 6  # bench/base/exit_code.h: this machine cannot run it
USAGE = 2
INTERRUPTED = 130


class Failure(Exception):
    """An error as the user shall read it: what, where, the mend."""

    def __init__(self, text, code=UNAVAILABLE):
        super().__init__(text)
        self.code = code


def script():
    return "ci/" + os.path.basename(sys.argv[0])


def say(text):
    print(f"{script()}: {text}", file=sys.stderr, flush=True)


def require_python(version=(3, 11)):
    if sys.version_info < version:
        have = ".".join(map(str, sys.version_info[:2]))
        need = ".".join(map(str, version))
        raise Failure(
            f"Python {have} at {sys.executable} is too old, {need} is needed: "
            f"put python3 >= {need} first on the PATH (Debian 12 and Ubuntu 24.04 ship one)"
        )


def run_script(main):
    """Runs main() and turns what it raises into one line and an exit code."""
    try:
        sys.exit(main())
    except Failure as failure:
        say(str(failure))
        sys.exit(failure.code)
    except KeyboardInterrupt:
        say("interrupted; call again to go on")
        sys.exit(INTERRUPTED)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            say(f"no space left on the disk of {error.filename or os.getcwd()}: free some, then call again")
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            say(f"cannot write {error.filename}: {error.strerror}; make it yours, or use a checkout of your own")
        elif error.errno == errno.ENOENT and error.filename:
            say(f"there is no {error.filename}: install it, or look at the path")
        elif error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
            say(f"cannot write {error.filename}: {error.strerror}; name another place")
            sys.exit(USAGE)
        else:
            raise
        sys.exit(UNAVAILABLE)


def run_logged(command, log, env=None, keep_open=(), cwd=None):
    """Runs command, its stdout shown on our stderr, its stderr kept in the file log. True when it succeeded."""
    with open(log, "ab") as file:
        file.write(f"$ {' '.join(map(str, command))}\n".encode())
        file.flush()
        sys.stderr.flush()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=sys.stderr, stderr=file, env=env, cwd=cwd, pass_fds=keep_open
        )
    return done.returncode == 0


class Stopwatch:
    def __init__(self):
        self.start = time.monotonic()

    def __str__(self):
        seconds = time.monotonic() - self.start
        return f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60} s"
