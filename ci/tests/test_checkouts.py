"""ci/checkout: another revision checked out and built beside this one."""

import shutil
import subprocess

import pytest


@pytest.fixture
def repository(project):
    """The project under git: `old` says old, the newest says nothing."""
    identity = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}
    project.env |= identity
    (project.root / ".gitignore").write_text("/.venv/\n/build/\n/.cache/\n__pycache__/\n")

    def git(*arguments):
        done = subprocess.run(["git", *arguments], cwd=project.root, env=project.env, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    main = project.root / "main.cpp"
    program = main.read_text()
    git("init", "-q")
    main.write_text('#include <cstdio>\nint main() { std::puts("old"); }\n')
    git("add", "-A")
    git("commit", "-qm", "old")
    git("tag", "old")
    main.write_text(program.replace("return 3", "return 0"))
    git("commit", "-qam", "new")
    project.git = git
    return project


def run_bench(folder, project):
    return subprocess.run([folder + "/ci/bench"], env=project.env, capture_output=True, text=True)


def test_builds_another_revision(repository):
    made = repository.run("checkout", "old")
    assert made.returncode == 0, made.stderr
    (folder,) = made.stdout.splitlines()
    assert folder == f"{repository.root}/.cache/checkouts/{repository.git('rev-parse', 'old')[:12]}"
    assert run_bench(folder, repository).stdout == "old\n"
    assert repository.git("status", "--porcelain") == ""
    status = subprocess.run(["git", "-C", folder, "status", "--porcelain"], capture_output=True, text=True, check=True)
    assert status.stdout == ""  # else its build would call itself changed

    again = repository.run("checkout", "old")  # nothing to do
    assert (again.returncode, again.stdout) == (0, made.stdout) and "compile" not in again.stderr
    shutil.rmtree(folder)  # by hand
    assert repository.run("checkout", "old").returncode == 0
    assert run_bench(folder, repository).stdout == "old\n"


def test_shares_the_environment_where_the_pins_are_the_same(repository):
    folder = repository.root / ".cache" / "checkouts" / repository.git("rev-parse", "old")[:12]
    assert repository.run("checkout", "old").returncode == 0
    assert (folder / ".venv" / "bin").resolve() == repository.root / ".venv" / "bin"
    pins = repository.root / "pyproject.toml"
    pins.write_text(pins.read_text().replace("small==2.0", "small==2.1"))
    # Now it would need an environment of its own, which the fake machine cannot make.
    failed = repository.run("checkout", "old")
    assert failed.returncode == 6 and not (folder / ".venv" / "bin").is_symlink()
    assert (repository.root / ".venv" / "bin" / "python3").exists()  # ours was left alone


def test_no_such_revision(repository):
    wrong = repository.run("checkout", "nope")
    message = f"ci/checkout: no revision 'nope' in {repository.root}: `git log --oneline` shows some\n"
    assert (wrong.returncode, wrong.stdout, wrong.stderr) == (2, "", message)
    option = repository.run("checkout", "--all")
    assert option.returncode == 2 and "no revision '--all'" in option.stderr
    assert repository.run("checkout").returncode == 2


def test_a_machine_without_git(bare):
    done = bare.run("checkout", "HEAD")
    assert (done.returncode, done.stderr) == (6, "ci/checkout: there is no git: install it, or look at the path\n")


def test_a_revision_that_does_not_build(repository):
    (repository.root / "main.cpp").write_text("int main() { return x; }\n")
    repository.git("commit", "-qam", "broken")
    failed = repository.run("checkout", "HEAD")
    assert (failed.returncode, failed.stdout) == (6, "")
    assert "error:" in failed.stderr and failed.stderr.splitlines()[-1].endswith(", see above")


def test_a_revision_without_the_scripts(repository):
    repository.git("rm", "-qr", "ci", "--cached")
    repository.git("commit", "-qm", "before ci")
    wrong = repository.run("checkout", "HEAD")
    assert wrong.returncode == 2 and wrong.stderr.endswith("has no ci/bench: it is older than the build scripts\n")
