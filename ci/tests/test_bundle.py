"""ci/bench inside a bundle, and how ci/bundle packs programs and libraries."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPO, executable, note_as_set_up, program

SHOW = '#!/bin/sh\necho "$LD_LIBRARY_PATH"\necho "$BENCH_ROOT"\nfor a; do echo "<$a>"; done\npwd\nexit 5\n'


@pytest.fixture
def bundle(tmp_path):
    """A bundle as ci/bundle lays it out, with a program that shows what it was given."""
    root = tmp_path / "my bundle"
    (root / "bin").mkdir(parents=True)
    (root / "ci" / "steps").mkdir(parents=True)
    shutil.copy(REPO / "ci" / "bench", root / "ci")
    for name in ("__init__", "console", "bundled", "libraries"):
        shutil.copy(REPO / "ci" / "steps" / f"{name}.py", root / "ci" / "steps")
    executable(root / "bin" / "bench", SHOW)
    (root / "bundle.json").write_text(json.dumps({"torch": "2.11.0", "cuda": "13.0"}))
    return root


@pytest.fixture
def site(tmp_path):
    """site-packages with a torch 2.11.0 of CUDA 13.0 and two nvidia wheels."""
    site = tmp_path / "their site"
    for folder in ("torch/lib", "nvidia/cu13/lib", "nvidia/cudnn/lib"):
        (site / folder).mkdir(parents=True)
    (site / "torch" / "__init__.py").write_text("raise SystemExit('nobody may import torch: it takes seconds')\n")
    set_version(site, "2.11.0+cu130", "13.0")
    return site


def set_version(site, version, cuda):
    text = f"from typing import Optional\n__version__ = '{version}'\ncuda: Optional[str] = '{cuda}'\n"
    (site / "torch" / "version.py").write_text(text)


def run(bundle, *arguments, site="", **env):
    env = {"PATH": "/bin:/usr/bin", "BENCH_PYTHON": sys.executable, "PYTHONPATH": str(site), **env}
    command = [sys.executable, "-S", bundle / "ci" / "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=bundle.parent)


def test_runs_with_the_torch_that_is_there(bundle, site):
    result = run(bundle, "run", "a b", site=site, LD_LIBRARY_PATH="/mine")
    assert (result.returncode, result.stderr) == (5, "")
    folders = [bundle / "lib", site / "torch/lib", site / "nvidia/cu13/lib", site / "nvidia/cudnn/lib", "/mine"]
    wanted = [":".join(map(str, folders)), str(bundle), "<run>", "<a b>", str(bundle.parent)]
    assert result.stdout.splitlines() == wanted


@pytest.mark.parametrize(("version", "cuda"), [("2.10.0+cu130", "13.0"), ("2.11.0+cu128", "12.8")])
def test_another_torch_is_refused(bundle, site, version, cuda):
    set_version(site, version, cuda)
    result = run(bundle, "doctor", site=site)
    have = f"has torch {version.split('+')[0]} for CUDA {cuda}, this bundle was built against torch 2.11.0 for CUDA 13.0"
    assert (result.returncode, result.stdout) == (6, "")
    assert have in result.stderr and "BENCH_ANY_TORCH=1" in result.stderr and result.stderr.count("\n") == 1
    anyway = run(bundle, "doctor", site=site, BENCH_ANY_TORCH="1")
    assert anyway.returncode == 5 and "<doctor>" in anyway.stdout
    assert "warning: " in anyway.stderr and have in anyway.stderr


def test_no_torch(bundle, tmp_path):
    fake = executable(tmp_path / "python", "#!/bin/sh\necho\n")
    result = run(bundle, BENCH_PYTHON=str(fake))
    assert result.returncode == 6 and result.stderr == f"ci/bench: {fake} has no torch: set BENCH_PYTHON to a Python that has it\n"


def test_what_bench_does_by_itself_wants_no_torch(bundle):
    """Nor a Python that could have one; but of a bundle from before bench-measure, whose bench loads it."""
    words = {"BENCH_PYTHON": "/nonexistent/python3", "LD_LIBRARY_PATH": "/mine"}
    assert run(bundle, "compare", "a", "b", **words).returncode == 6
    executable(bundle / "bin" / "bench-measure", SHOW)
    for arguments in (("compare", "a", "b"), ("explain",), ("baseline", "show"), ("report", "a"), ("--version",), ("--help",),
                      ("run", "--help")):  # fmt: skip
        result = run(bundle, *arguments, **words)
        wanted = [f"{bundle / 'lib'}:/mine", str(bundle), *(f"<{word}>" for word in arguments), str(bundle.parent)]
        assert (result.returncode, result.stderr, result.stdout.splitlines()) == (5, "", wanted)
    for arguments in ((), ("run", "x"), ("doctor",), ("replicate", "{}")):
        assert run(bundle, *arguments, **words).returncode == 6
    executable(bundle / "bin" / "x_gpu_test", SHOW)
    assert run(bundle, "--help", BENCH_EXECUTABLE="x_gpu_test", **words).returncode == 6


def test_no_such_python(bundle):
    result = run(bundle, BENCH_PYTHON="/nonexistent/python3")
    assert result.returncode == 6 and result.stderr.startswith("ci/bench: no /nonexistent/python3 on this machine: set BENCH_PYTHON")


def test_another_program_of_the_bundle(bundle, site):
    executable(bundle / "bin" / "kernels_gpu_test", "#!/bin/sh\necho tests\n")
    assert run(bundle, site=site, BENCH_EXECUTABLE="kernels_gpu_test").stdout == "tests\n"
    wrong = run(bundle, site=site, BENCH_EXECUTABLE="x_test")
    assert wrong.returncode == 6 and wrong.stderr.endswith("there are bench, kernels_gpu_test\n")


@pytest.fixture(scope="module")
def packer():
    return program("bundle")


def test_what_python_leaves_and_data_that_is_no_baseline_are_not_packed(packer, tmp_path):
    for name in ("peers", "selftest", "torch_compile"):
        (tmp_path / "root" / "baselines" / "h200" / name).mkdir(parents=True)
        (tmp_path / "root" / "baselines" / "h200" / name / "zimage-turbo-9.json").write_text("{}")
    (tmp_path / "root" / "baselines" / "h200" / "a.json").write_text('{\n "t_s": [1e-06, 0.1]\n}\n')
    (tmp_path / "root" / "baselines" / "noise" / "__pycache__").mkdir(parents=True)
    (tmp_path / "root" / "baselines" / "noise" / "kinds.py").write_text("")
    (tmp_path / "root" / "baselines" / "noise" / "__pycache__" / "kinds.pyc").write_text("")
    packer.pack_data(tmp_path / "root", tmp_path / "packed")
    packed = [path.name for path in (tmp_path / "packed").rglob("*") if path.is_file()]
    assert sorted(packed) == ["a.json", "kinds.py"]
    assert (tmp_path / "packed" / "baselines" / "h200" / "a.json").read_text() == '{"t_s":[1e-06,0.1]}\n'


def test_packed_program_finds_the_library_beside_it(packer, tmp_path):
    """Built with an rpath into the build tree, packed, the build tree deleted: it must still run."""
    tree, folder = tmp_path / "a build tree", tmp_path / "packed"
    for path in (tree, folder / "bin", folder / "lib"):
        path.mkdir(parents=True)
    (tree / "f.cpp").write_text("int f() { return 7; }\n")
    (tree / "main.cpp").write_text("int f(); int main() { return f(); }\n")
    library, program = tree / "libseven.so", tree / "prog"
    subprocess.run(["g++", "-shared", "-fPIC", "-o", library, tree / "f.cpp"], check=True)
    subprocess.run(["g++", "-o", program, tree / "main.cpp", f"-L{tree}", "-lseven", f"-Wl,-rpath,{tree}"], check=True)
    packer.place(program, folder / "bin" / "prog")
    packer.place(library, folder / "lib" / "libseven.so")
    shutil.rmtree(tree)
    assert packer.dynamic(folder / "bin" / "prog", "RUNPATH") == ["$ORIGIN/../lib"]
    assert subprocess.run([folder / "bin" / "prog"], env={}).returncode == 7
    assert sorted(path.name for path in (folder / "bin").iterdir()) == ["prog"]


def test_carries_what_the_other_machine_lacks_and_no_more(packer, tmp_path):
    (tmp_path / "main.cpp").write_text("#include <benchmark/benchmark.h>\nBENCHMARK_MAIN();\n")
    program = tmp_path / "prog"
    subprocess.run(["g++", "-o", program, tmp_path / "main.cpp", "-lbenchmark"], check=True)
    carried = packer.libraries_to_carry([program])
    assert [name.split(".")[0] for name in carried] == ["libbenchmark"]
    assert all(path.exists() for path in carried.values())


def test_a_folder_that_is_no_bundle_is_left_alone(bare, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    result = bare.run("bundle", "--out", str(tmp_path / "precious"))
    assert result.returncode == 2 and "exists and is no bundle" in result.stderr
    assert (tmp_path / "precious" / "file").read_text() == "x"


def test_a_bundle_from_build_to_run(project, site, tmp_path):
    """Packs a small project, moves the bundle, deletes the checkout, runs the program and the GPU test."""
    lists = project.root / "CMakeLists.txt"
    lists.write_text(lists.read_text() + "add_executable(x_gpu_test main.cpp)\nadd_executable(x_test main.cpp)\n"
                     "add_executable(bench-measure main.cpp)\nadd_dependencies(bench bench-measure)\n"
                     "add_library(bench_kernels SHARED main.cpp)\n"
                     "add_library(bench_stamps SHARED main.cpp)\n"
                     "set_target_properties(bench_kernels bench_stamps PROPERTIES LIBRARY_OUTPUT_DIRECTORY lib)\n")  # fmt: skip
    (project.root / "kernels" / "examples").mkdir(parents=True)
    (project.root / "kernels" / "examples" / "mine.py").write_text("x = 1\n")
    for name in ("reports/__main__.py", "reports/tests/test_x.py", "reports/examples/big.png", "bench/workers/mine.py",
                 "bench/workers/mine_test.py", "bench/workers/conftest.py", "bench/workers/mine.cpp"):  # fmt: skip
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).write_text("")
    (project.root / "scenarios").mkdir()
    (project.root / "scenarios" / "one.yaml").write_text("model: x\n")
    executable(tmp_path / "nvcc", "#!/bin/sh\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "nvcc").rename(tmp_path / "bin" / "nvcc")
    note_as_set_up(project, toolkit=str(tmp_path))
    shutil.copytree(site / "torch", project.root / ".venv" / "lib" / "python3.11" / "site-packages" / "torch")
    out = tmp_path / "out" / "b"
    out.parent.mkdir()
    for _ in range(2):  # the second replaces the first
        packed = project.run("bundle", "--out", str(out))
        assert packed.returncode == 0, packed.stderr
    assert packed.stdout.startswith(f"{out}: 0.") and packed.stdout.endswith(" MiB\n")
    assert [path.name for path in out.parent.iterdir()] == ["b"]
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    steps = [f"ci/steps/{name}.py" for name in ("__init__", "bundled", "console", "escalation", "libraries")]
    assert files == ["README.md", "bench/workers/mine.py", "bin/bench", "bin/bench-measure", "bin/x_gpu_test", "bundle.json", "ci/bench", "ci/gate", *steps, "ci/table", "kernels/examples/mine.py",
                     "lib/libbench_kernels.so", "lib/libbench_stamps.so", "reports/__main__.py", "scenarios/one.yaml"]  # fmt: skip
    about = json.loads((out / "bundle.json").read_text())
    assert (about["torch"], about["cuda"], about["dirty"]) == ("2.11.0", "13.0", False)
    assert "each of\n    x_gpu_test\nCommit" in (out / "README.md").read_text()
    shutil.rmtree(project.root)
    moved = Path(shutil.move(out, tmp_path / "a GPU machine"))
    result = run(moved, "z", site=site)
    assert (result.returncode, result.stdout) == (3, f"{tmp_path}|{moved}|z|2\n"), result.stderr
    assert run(moved, site=site, BENCH_EXECUTABLE="x_gpu_test").returncode == 3


@pytest.fixture
def pair(project, site, tmp_path):
    """A pair of two revisions of a small project, whose programs say which they are; the checkout is gone."""
    (project.root / ".gitignore").write_text("/.venv/\n/build/\n/.cache/\n__pycache__/\n")
    (project.root / "scenarios").mkdir()
    executable(tmp_path / "nvcc", "#!/bin/sh\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "nvcc").rename(tmp_path / "bin" / "nvcc")
    note_as_set_up(project, toolkit=str(tmp_path))
    shutil.copytree(site / "torch", project.root / ".venv" / "lib" / "python3.11" / "site-packages" / "torch")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", project.root]
    subprocess.run([*git, "init", "-q"], check=True)
    for revision in ("old", "new"):
        text = (REPO / "ci" / "bench").read_text()  # any change that git sees
        (project.root / "ci" / "bench").write_text(text + f"# {revision}\n")
        (project.root / "main.cpp").write_text(
            "#include <cstdio>\n#include <cstdlib>\nint main() {\n"
            f'  std::printf("{revision}|%s|%s\\n", std::getenv("BENCH_ROOT"), std::getenv("LD_LIBRARY_PATH"));\n}}\n'
        )
        if revision == "new":
            lists = project.root / "CMakeLists.txt"
            more = "add_executable(bench-measure main.cpp)\nadd_dependencies(bench bench-measure)\n"
            lists.write_text(lists.read_text() + more)
        (project.root / "scenarios" / "one.yaml").write_text(f"model: {revision}\n")
        subprocess.run([*git, "add", "-A"], check=True)
        subprocess.run([*git, "commit", "-qm", revision], check=True)
        subprocess.run([*git, "tag", revision], check=True)
    out = tmp_path / "pair"
    packed = project.run("bundle", "--pair", "old", ".", "--out", str(out))
    assert packed.returncode == 0, packed.stderr
    shutil.rmtree(project.root)
    return Path(shutil.move(out, tmp_path / "a GPU machine"))


def test_a_pair_runs_both_revisions(pair, site):
    assert (pair / "scenarios" / "one.yaml").read_text() == "model: new\n"
    assert not (pair / "A" / "scenarios").exists() and not (pair / "bin").exists()
    programs = {arm: sorted(path.name for path in (pair / arm / "bin").iterdir()) for arm in "AB"}
    assert programs == {"A": ["bench"], "B": ["bench", "bench-measure"]}  # the older one has all in bench
    answers = {}
    for name in (".", "A", "B"):
        result = run(pair / name, site=site)
        assert result.returncode == 0, result.stderr
        answers[name] = result.stdout.strip().split("|")
    assert [answers[name][0] for name in (".", "A", "B")] == ["new", "old", "new"]
    assert answers["."][1] == str(pair) and answers["A"][1] == str(pair / "A")
    assert all(str(pair / "lib") in answer[2].split(":") for answer in answers.values())
    about = {name: json.loads((pair / name / "bundle.json").read_text()) for name in (".", "A", "B")}
    assert about["A"]["git_sha"] != about["B"]["git_sha"] == about["."]["git_sha"]
    readme = (pair / "README.md").read_text()
    assert f"A is old ({about['A']['git_sha'][:12]}), B is {about['B']['git_sha'][:12]}." in readme


def test_a_pair_s_gate_finds_the_baseline_s_build(pair):
    """What ci/gate escalates to, in a folder that ci/bundle packed."""
    assert not (pair / "A" / "ci" / "gate").exists()
    sha = json.loads((pair / "A" / "bundle.json").read_text())["git_sha"]
    ask = (
        "import sys, pathlib; root = pathlib.Path(sys.argv[1]); sys.path.insert(0, str(root / 'ci'))\n"
        "from steps.escalation import base_arm\nprint(base_arm(root, sys.argv[2])[0])"
    )
    answers = [subprocess.check_output([sys.executable, "-c", ask, pair, name], text=True) for name in (sha[:12], "0123456789ab")]
    assert answers == [f"{pair / 'A'}\n", "\n"]
    help_text = subprocess.run([sys.executable, pair / "ci" / "gate", "--help"], capture_output=True, text=True)
    assert help_text.returncode == 0 and help_text.stdout.startswith("Usage: ci/gate SCENARIO")


def test_libraries_that_differ_stay_with_their_arm(packer, tmp_path):
    for arm, text in (("A", "one"), ("B", "two")):
        (tmp_path / arm / "lib").mkdir(parents=True)
        (tmp_path / arm / "lib" / "same.so").write_text("same")
        (tmp_path / arm / "lib" / "other.so").write_text(text)
    (tmp_path / "B" / "lib" / "only.so").write_text("x")
    packer.share_libraries([tmp_path / "A", tmp_path / "B"], tmp_path / "lib")
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.so"))
    assert files == ["A/lib/other.so", "B/lib/only.so", "B/lib/other.so", "lib/same.so"]
    for arm in "CD":
        (tmp_path / arm / "lib").mkdir(parents=True)
        (tmp_path / arm / "lib" / "same.so").write_text("same")
    packer.share_libraries([tmp_path / "C", tmp_path / "D"], tmp_path / "all")
    assert not (tmp_path / "C" / "lib").exists() and not (tmp_path / "D" / "lib").exists()


def test_a_pair_of_what_is_no_revision(project):
    subprocess.run(["git", "-C", project.root, "init", "-q"], check=True)
    wrong = project.run("bundle", "--pair", "nope", ".")
    assert wrong.returncode == 2 and "no revision 'nope'" in wrong.stderr
    for arguments in (("--pair", "x"), ("--pair",), ("--out",), ("x",)):
        wrong = project.run("bundle", *arguments)
        assert wrong.returncode == 2 and "--pair REVISION REVISION and --out DIR" in wrong.stderr
