"""python3 -m reports --result FILE --comparison FILE [--baseline FILE] --out DIR [--figures N]: called by `bench report`.

Exit codes: 0 written, 2 wrong arguments or a folder that cannot be written, 6 this Python is too old, or lacks a package: then
only the HTML and the figures are not written."""

import importlib.util
import sys

NEEDED = ("matplotlib", "jinja2")


def main() -> int:
    if sys.version_info < (3, 11):
        have = "Python {}.{}".format(*sys.version_info)
        return refuse(f"{sys.executable} is {have}, reports need 3.11: set BENCH_PYTHON to a newer one")
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    from reports.write import main as write

    code = write(sys.argv[1:], draw=not lacking)
    if lacking and code == 0:
        return refuse(
            f"{sys.executable} has no {' and no '.join(lacking)}, so no HTML and no figures: `ci/setup reports` installs what reports "
            "need into .venv, or set BENCH_PYTHON to a Python that has it"
        )
    return code


def refuse(line: str) -> int:
    print(f"bench: {line}", file=sys.stderr)
    return 6


if __name__ == "__main__":
    sys.exit(main())
