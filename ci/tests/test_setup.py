"""ci/setup: what it installs, what it says in one line when it cannot, how it recovers."""

import os
import signal
import subprocess
import time

import pytest

NOT_ROOT = "import os; os.geteuid = lambda: 1000"
ROOT = "import os; os.geteuid = lambda: 0"


def one_line(result, code=6):
    """The single line on stderr of a run that ended with code."""
    assert (result.returncode, result.stdout) == (code, ""), result
    progress = ("ci/setup: installing ", "ci/setup: creating ", "Looking in ", "Collecting ")
    lines = [line for line in result.stderr.splitlines() if not line.startswith(progress)]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_installs_what_is_missing_and_nothing_twice(checkout):
    assert checkout.run("setup", "cpu").returncode == 0
    assert checkout.pip_calls() == ["torch==1.0 small==2.0"]
    again = checkout.run("setup", "cpu")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert checkout.run("setup", "test").returncode == 0
    assert checkout.run("setup", "--verify", "cpu", "test").returncode == 0
    assert checkout.pip_calls() == ["torch==1.0 small==2.0", "tester==3.0"]
    assert checkout.apt_calls() == []


def test_changed_pin_is_installed(checkout):
    checkout.run("setup", "cpu")
    pins = checkout.root / "pyproject.toml"
    pins.write_text(pins.read_text().replace("small==2.0", "small==2.1"))
    assert checkout.run("setup", "cpu").returncode == 0
    assert checkout.pip_calls()[1:] == ["small==2.1"]


def test_damaged_package_is_mended_by_verify(checkout):
    checkout.run("setup", "cpu")
    (checkout.site / "torch.py").unlink()
    assert checkout.run("setup", "--verify").returncode == 0
    assert checkout.pip_calls()[1:] == ["torch==1.0"]
    assert (checkout.site / "torch.py").exists()


def test_killed_setup_is_completed_by_the_next(checkout):
    env = {**checkout.env, "FAKE_PIP": "hang"}
    first = subprocess.Popen(checkout.command("setup"), cwd=checkout.root, env=env, stderr=subprocess.DEVNULL)
    marker = checkout.site / "pip-pid"
    deadline = time.monotonic() + 30
    while not (marker.exists() and marker.read_text()):
        assert time.monotonic() < deadline and first.poll() is None
        time.sleep(0.02)
    first.kill()
    first.wait()
    # Its pip lives on and keeps the next set-up waiting; then it dies as well.
    second = subprocess.Popen(checkout.command("setup"), cwd=checkout.root, env=checkout.env, stderr=subprocess.PIPE, text=True)
    assert second.stderr.readline() == "ci/setup: waiting for another set-up or build in this checkout\n"
    os.kill(int(marker.read_text()), signal.SIGKILL)
    second.communicate(timeout=30)
    assert second.returncode == 0
    assert (checkout.site / "torch.py").exists() and (checkout.site / "small.py").exists()


def test_names_the_apt_command_without_the_right_to_run_it(checkout):
    checkout.dpkg.write_text("cmake installed 3.18.4-2\n")
    line = one_line(checkout.run("setup", before=NOT_ROOT))
    assert line.endswith("as root: apt-get update && apt-get install -y cmake libthing-dev")
    assert checkout.apt_calls() == []


def test_installs_missing_system_packages_as_root(checkout):
    checkout.dpkg.write_text("cmake installed 3.25.1-1\nlibthing-dev deinstall 2.1\n")
    result = checkout.run("setup", before=ROOT, FAKE_APT_GIVES="libthing-dev installed 2.1")
    assert result.returncode == 0, result.stderr
    update, install = checkout.apt_calls()
    assert update.endswith(" update") and install.endswith(" install -y --no-install-recommends libthing-dev")


WITH_BROWSER = '[tool.bench.apt-test]\nbrowser = "1"\n'


def test_installs_what_only_tests_need_as_root(checkout):
    pins = checkout.root / "pyproject.toml"
    pins.write_text(pins.read_text() + WITH_BROWSER)
    assert checkout.run("setup", "cpu", before=ROOT).returncode == 0
    assert checkout.apt_calls() == []
    assert checkout.run("setup", "test", before=ROOT, FAKE_APT_GIVES="browser installed 2").returncode == 0
    assert [call.split()[-1] for call in checkout.apt_calls()] == ["browser"]


def test_goes_on_without_what_is_optional(checkout):
    pins = checkout.root / "pyproject.toml"
    pins.write_text(pins.read_text() + WITH_BROWSER)
    result = checkout.run("setup", "test", before=NOT_ROOT)
    assert result.returncode == 0 and "without browser, which is optional; as root: apt-get install -y browser" in result.stderr
    checkout.run("setup", "cpu", before=ROOT)
    result = checkout.run("setup", "--verify", "test", before=ROOT, FAKE_APT_ERROR="E: Unable to locate package browser")
    assert result.returncode == 0 and "apt-get could not install it" in result.stderr


def test_says_when_the_distribution_is_too_old(checkout):
    checkout.dpkg.write_text("libthing-dev installed 2.1\n")
    line = one_line(checkout.run("setup", before=ROOT, FAKE_APT_GIVES="cmake installed 3.18.4-2"))
    assert "too old (cmake 3.18.4-2;" in line and "Debian 12, Ubuntu 24.04" in line


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("E: Failed to fetch http://mirror/x  Could not resolve 'mirror'", "no network during apt-get install libthing-dev"),
        ("E: You don't have enough free space. No space left on device", "no space left on the disk"),
        ("E: Unable to locate package libthing-dev", "apt-get failed: E: Unable to locate package libthing-dev; see "),
    ],
)
def test_apt_errors(checkout, error, said):
    checkout.dpkg.write_text("cmake installed 3.25.1-1\n")
    assert said in one_line(checkout.run("setup", before=ROOT, FAKE_APT_ERROR=error))


def test_no_apt(checkout):
    checkout.dpkg.write_text("")
    (checkout.tools / "apt-get").unlink()
    assert "no apt-get here" in one_line(checkout.run("setup"))


def test_no_network_with_the_real_pip(bare):
    bare.env["PATH"] += ":/bin:/usr/bin"
    line = one_line(bare.run("setup", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_CONFIG_FILE=os.devnull))
    assert "no network during pip install of 2 packages" in line and "PIP_INDEX_URL" in line
    assert not (bare.root / ".venv" / "bench-setup.json").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("Could not install packages: [Errno 28] No space left on device", "no space left on the disk"),
        ("Could not find a version that satisfies the requirement torch==1.0", "pip failed: ERROR: Could not find a version"),
    ],
)
def test_pip_errors(checkout, error, said):
    assert said in one_line(checkout.run("setup", FAKE_PIP=error))


def test_disk_space_is_asked_for_beforehand(checkout):
    small = "import shutil, collections; shutil.disk_usage = lambda _: collections.namedtuple('D', 'free')(2**28)"
    line = one_line(checkout.run("setup", before=small))
    assert "need 1.5 GB while they are installed, 0.3 GB are free" in line
    assert checkout.pip_calls() == []


def test_old_python(checkout):
    line = one_line(checkout.run("setup", before="import sys; sys.version_info = (3, 9, 2, 'final', 0)"))
    assert "Python 3.9 at" in line and "3.11 is needed" in line


def test_python_without_venv(bare):
    """Debian's python3 without python3-venv has no ensurepip."""
    bare.dpkg.write_text("cmake installed 3.25.1-1\nlibthing-dev installed 2.1\n")
    pins = bare.root / "pyproject.toml"
    pins.write_text(pins.read_text() + 'python3-venv = "3.11"\n')
    hide = NOT_ROOT + "; import importlib.util as u; find = u.find_spec; u.find_spec = lambda n: n != 'ensurepip' and find(n)"
    assert one_line(bare.run("setup", before=hide)).endswith("apt-get install -y python3-venv")


def test_broken_venv_is_mended_and_keeps_its_packages(checkout):
    checkout.run("setup")
    python = checkout.root / ".venv" / "bin" / "python3"
    for link in python.parent.glob("python*"):
        link.unlink()
    python.symlink_to("/nonexistent/python3")
    result = checkout.run("setup")
    assert result.returncode == 0 and "mending" in result.stderr, result.stderr
    assert subprocess.run([python, "-c", "pass"]).returncode == 0
    assert checkout.pip_calls() == ["torch==1.0 small==2.0"]


def test_a_file_in_the_place_of_the_venv(bare):
    (bare.root / ".venv").write_text("")
    line = one_line(bare.run("setup"))
    assert "is no folder: move it away" in line


def test_unknown_group(checkout):
    assert one_line(checkout.run("setup", "gpu"), code=2).endswith("gpu is no group: any of cpu, cuda, peers, reports, test")


def test_a_checkout_of_another_user(checkout):
    refuse = "import os\ndef refuse(path, *_): raise PermissionError(13, 'Permission denied', str(path))\nos.open = refuse"
    line = one_line(checkout.run("setup", before=refuse))
    assert f"cannot write {checkout.root}" in line and "make it yours" in line


@pytest.mark.parametrize("script", ["setup", "test", "bundle"])
def test_help_is_the_comment_at_the_top(bare, script):
    result = bare.run(script, "--help")
    assert result.returncode == 0 and result.stdout.startswith(f"Usage: ci/{script} ") and "Exit codes:" in result.stdout
    assert result.stderr == ""
