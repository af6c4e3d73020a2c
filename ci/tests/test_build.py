"""ci/bench in a checkout: build, run, errors in one line, two at once; and the stages of ci/test."""

import fcntl
import importlib.machinery
import importlib.util
import os
import re
import subprocess

import pytest
from conftest import REPO, executable
from steps.build import locked, in_words
from steps.console import Failure
from steps.environment import Environment


def test_builds_once_and_runs_in_the_caller_s_folder(project, tmp_path):
    first = project.run("bench", "a b", cwd=tmp_path)
    assert (first.returncode, first.stdout) == (3, f"{tmp_path}|{project.root}|a b|2\n"), first.stderr
    assert re.sub(r"\(\d of 3\)", "(n of 3)", first.stderr).splitlines() == [
        "ci/bench: configuring build/cpu", "compile main.cpp (n of 3)", "link bin/bench (n of 3)",
    ]  # fmt: skip
    second = project.run("bench", "a b", cwd=tmp_path)
    assert (second.returncode, second.stdout, second.stderr) == (3, first.stdout, "")


def test_changed_source_is_rebuilt(project):
    project.run("bench")
    source = project.root / "main.cpp"
    source.write_text(source.read_text().replace("return 3", "return 4"))
    assert project.run("bench").returncode == 4


def test_build_error_names_place_and_log(project):
    (project.root / "main.cpp").write_text("int main() { return nowhere; }\n")
    result = project.run("bench")
    assert (result.returncode, result.stdout) == (6, "")
    last = result.stderr.splitlines()[-1]
    assert "main.cpp:1:21: error: " in last and last.endswith(f"see {project.root}/build/cpu/build.log")
    assert "nowhere" in (project.root / "build" / "cpu" / "build.log").read_text()
    (project.root / "main.cpp").write_text("int main() {\n  return elsewhere; }\n")
    assert "main.cpp:2:10: error: " in project.run("bench").stderr.splitlines()[-1]  # not the error of before


def test_unknown_program(project):
    result = project.run("bench", BENCH_EXECUTABLE="brench")
    assert result.returncode == 6 and "unknown target 'brench'" in result.stderr.splitlines()[-1]


def test_configure_error_names_cause_and_log(project):
    lists = project.root / "CMakeLists.txt"
    good = lists.read_text()
    lists.write_text(good + "add_executable(other absent.cpp)\n")
    assert "cannot configure preset cpu: Cannot find source file: absent.cpp" in project.run("bench").stderr.splitlines()[-1]
    lists.write_text(good + 'message(FATAL_ERROR "no torch wheel")\n')
    for _ in range(2):  # a failed configuration is not taken for a good one
        result = project.run("bench")
        assert result.returncode == 6
        assert "cannot configure preset cpu: no torch wheel; see " in result.stderr.splitlines()[-1]
    lists.write_text(good)
    assert project.run("bench").returncode == 3


def test_moved_checkout_is_configured_anew(project):
    assert project.run("bench").returncode == 3
    project.root = project.root.rename(project.root.with_name("moved away"))
    result = project.run("bench", "x")
    assert result.returncode == 3 and "|x|2" in result.stdout, result.stderr


def test_changed_preset_is_configured_anew(project):
    source, presets = project.root / "main.cpp", project.root / "CMakePresets.json"
    text = source.read_text().replace("return 3", "return LEVEL")
    source.write_text("#ifndef LEVEL\n#define LEVEL 3\n#endif\n" + text)
    assert project.run("bench").returncode == 3
    presets.write_text(presets.read_text().replace('"CMAKE_BUILD_TYPE": "Release"', '"CMAKE_CXX_FLAGS": "-DLEVEL=9"', 1))
    assert project.run("bench").returncode == 9


def test_unknown_preset(project):
    result = project.run("bench", BENCH_PRESET="rocm")
    assert result.returncode == 2 and result.stderr == "ci/bench: BENCH_PRESET=rocm is no preset: one of cpu, cuda, asan\n"


def test_waits_for_another_and_says_so(project):
    project.run("bench")
    with open(project.root / ".cache" / "ci" / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = subprocess.Popen(project.command("bench"), env=project.env, stderr=subprocess.PIPE, text=True,
                                   stdout=subprocess.DEVNULL)  # fmt: skip
        assert waiting.stderr.readline() == "ci/bench: waiting for another set-up or build in this checkout\n"
        assert waiting.poll() is None
    assert waiting.wait(timeout=60) == 3


def test_two_at_once_build_once(project):
    pair = [subprocess.Popen(project.command("bench"), env=project.env, stderr=subprocess.PIPE, text=True,
                             stdout=subprocess.DEVNULL) for _ in range(2)]  # fmt: skip
    said = [process.communicate(timeout=120)[1] for process in pair]
    assert [process.returncode for process in pair] == [3, 3], said
    assert sum("compile main.cpp" in text for text in said) == 1
    assert sum("waiting for another" in text for text in said) == 1


def test_the_program_does_not_hold_the_lock(project):
    source = project.root / "main.cpp"
    source.write_text(source.read_text().replace("  return 3;", "  std::fflush(stdout);\n  return std::getchar();"))
    running = subprocess.Popen(project.command("bench"), env=project.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)  # fmt: skip
    assert running.stdout.readline()
    descriptor = os.open(project.root / ".cache" / "ci" / "lock", os.O_RDWR)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
    running.communicate("A")
    assert running.returncode == ord("A")


def test_lock_is_released_when_its_holder_fails(tmp_path):
    with pytest.raises(Failure), locked(tmp_path):
        raise Failure("x")
    with locked(tmp_path):
        pass


@pytest.mark.parametrize(
    ("ninja", "shown"),
    [
        ("Building CXX object bench/base/CMakeFiles/bench_base.dir/file.cpp.o", "compile bench/base/file.cpp"),
        ("Building CUDA object CMakeFiles/k.dir/cuda/rms.cu.o", "compile cuda/rms.cu"),
        ("Linking CXX executable bin/bench", "link bin/bench"),
        ("Linking CXX static library bench/base/libbench_base.a", "link bench/base/libbench_base.a"),
    ],
)
def test_steps_are_shown_in_plain_words(ninja, shown):
    assert in_words(ninja) == shown


@pytest.fixture(scope="module")
def runner():
    loader = importlib.machinery.SourceFileLoader("ci_test", str(REPO / "ci" / "test"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("ci_test", loader))
    loader.exec_module(module)
    return module


def test_a_failed_stage_stops_only_what_needs_it(runner):
    stages = runner.Stages()

    def broken():
        raise Failure("no compiler")

    built = stages.run("build", broken)
    stages.run("tests", lambda: True, needs=built)
    stages.run("format", lambda: True)
    assert [row[:2] for row in stages.rows] == [("build", "FAILED"), ("tests", "skipped"), ("format", "ok")]


def test_closing_lines_are_counted(runner, monkeypatch, tmp_path):
    ctest = "2 failed, 7 passed in 10.74s\n83% tests passed, 2 tests failed out of 12\nTotal Test time (real) =   0.05 sec\n"
    executable(tmp_path / "ctest", f"#!/bin/sh\ncat <<END\n{ctest}END\nexit 8\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    stages = runner.Stages()
    assert not stages.test(["ctest"])
    assert (stages.passed, stages.failed) == (10, 2)  # the pytest inside is one of the twelve
    assert stages.test(["echo", "24 passed, 1 skipped in 3.40s"])
    assert not stages.test(["sh", "-c", "echo '1 failed, 3 passed, 2 errors in 0.10s'; exit 1"])
    assert (stages.passed, stages.failed) == (37, 5)
    assert len(stages.closing) == 4
    assert stages.test(["echo", "1 passed in 0.1s"], ["echo", "2 passed in 0.1s"])
    assert not stages.test(["echo", "1 passed in 0.1s"], ["sh", "-c", "echo '1 failed in 0.1s'; exit 1"])
    assert not stages.test(["sh", "-c", "echo '1 failed in 0.1s'; exit 1"], ["echo", "1 passed in 0.1s"])
    assert (stages.passed, stages.failed) == (42, 7)


def test_unformatted_file_is_named(runner, monkeypatch, tmp_path, capsys):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / ".clang-format").write_text("BasedOnStyle: LLVM\n")
    (tmp_path / "good.cpp").write_text("int f();\n")
    (tmp_path / "bad one.h").write_text("int   g( );\n")
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    clang_format = Environment(REPO).site_packages / "clang_format" / "data" / "bin" / "clang-format"
    assert not runner.format_files(clang_format)
    streams = capsys.readouterr()
    assert "bad one.h is not formatted" in streams.err and "good.cpp" not in streams.err
    assert runner.format_files(clang_format, in_place=True)
    assert (tmp_path / "bad one.h").read_text() == "int g();\n"
    assert runner.format_files(clang_format)
