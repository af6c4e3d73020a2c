"""`--plugin`: the examples of kernels/examples as a kernel author uses them, on the CPU, and what a faulty one is told."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPO

USAGE, INVALID, UNAVAILABLE = 2, 4, 6
EXAMPLE = REPO / "kernels" / "examples" / "rms_norm_tile.py"


@pytest.fixture
def plugins(request):
    return Path(request.config.getoption("--libraries")).resolve()


def cases(bench, *arguments):
    """Runs it; {id without the scenario: case}."""
    run = bench("run", bench.scenario, *bench.quick, "--quiet", "--out", "r.json", *arguments)
    text = (bench.cwd / "r.json").read_text()
    found = {case["id"].removeprefix("zimage/"): case for case in json.loads(text)["cases"]}
    return run, {name: case for name, case in found.items() if not name.startswith("anchor/")}


def test_a_library_s_operators_are_measured_beside_the_scenario_s(bench, plugins):
    library = plugins / "librms_norm_library.so"
    (bench.cwd / "my plug-ins").mkdir()
    shutil.copy(library, bench.cwd / "my plug-ins" / "mine.so")
    _, alone = cases(bench, "--only", bench.kernel)
    run, found = cases(bench, "--only", bench.kernel, "--plugin", "my plug-ins/mine.so")
    assert run.returncode == 0, run.stderr
    assert list(found) == [f"{bench.kernel}/{path}" for path in ("aten", "decomposed", "example")]
    mine = found[f"{bench.kernel}/example"]
    assert mine["status"] == "ok" and mine["check"]["finite"] and mine["check"]["max_ulp"] <= 1
    assert re.fullmatch(r"[0-9a-f]{16} my plug-ins/mine\.so", mine["parameters"]["plugin.example"])
    assert f"zimage/{bench.kernel}/example " in run.stdout
    # The cases that the scenario has of itself are the same as without.
    for name, case in alone.items():
        assert (case["hash"], case["check"]) == (found[name]["hash"], found[name]["check"])
        assert not [key for key in case["parameters"] if key.startswith("plugin")]
    assert json.loads((bench.cwd / "r.json").read_text())["argv"][-2:] == ["--plugin", "my plug-ins/mine.so"]


LEFT_OUT = """\
bench: --plugin {0}: no path variants_backward: its variants::rms_norm_backward(Tensor gradient, Tensor x) -> Tensor must be \
variants::rms_norm_backward(Tensor x, Tensor weight, float eps) -> Tensor
bench: --plugin {0}: no path variants_naive: beside variants::swiglu_naive there is no \
variants::rms_norm_naive(Tensor x, Tensor weight, float eps) -> Tensor
"""


def test_variants_of_a_library_are_paths_of_one_run(bench, plugins):
    library = plugins / "libvariants.so"
    run, found = cases(bench, "--only", f"{bench.kernel}|loop/turbo-9", "--plugin", library,
                       "--set", "paths.rms_norm=[decomposed, variants, variants_v2]")  # fmt: skip
    assert (run.returncode, run.stderr) == (0, LEFT_OUT.format(library))  # once, not by each process
    loops, kernels = ([name for name in found if name.startswith(kind)] for kind in ("loop", "rms_norm"))
    assert loops == [f"loop/turbo-9/eager/{path}" for path in ("decomposed", "variants", "variants_v2")]
    assert kernels == [f"{bench.kernel}/{path}" for path in ("aten", "decomposed", "variants", "variants_v2")]
    assert all(case["status"] == "ok" for case in found.values())
    for path in ("variants", "variants_v2"):
        noted = found[f"{bench.kernel}/{path}"]["parameters"][f"plugin.{path}"]
        assert re.fullmatch(rf"[0-9a-f]{{16}} {library}", noted)
        assert found[f"loop/turbo-9/eager/{path}"]["parameters"][f"plugin.{path}"] == noted
    sums = {name: found[f"{bench.kernel}/{name}"]["check"]["checksum"] for name in ("decomposed", "variants", "variants_v2")}
    assert sums["variants_v2"] == sums["decomposed"] != sums["variants"]  # it rounds twice

    paths = bench("list", "paths", "--plugin", library)
    assert f"\nvariants     plug-in {library}: rms_norm, rms_norm_scale\n" in paths.stdout
    assert f"\nvariants_v2  plug-in {library}: rms_norm_v2, add_rms_norm_v2\n" in paths.stdout
    assert paths.stderr == LEFT_OUT.format(library)


def test_an_output_that_is_no_norm_s_is_invalid(bench, plugins):
    run, found = cases(bench, "--only", bench.kernel, "--plugin", plugins / "libwrong_output.so")
    assert run.returncode == INVALID
    assert found[f"{bench.kernel}/aten"]["status"] == "ok"
    for path, what in {
        "wrong_output": "Float [32, 256] where BFloat16 [32, 256] is due",
        "wrong_output_row": "BFloat16 [1, 256] where BFloat16 [32, 256] is due",
        "wrong_output_input": "its input where a new tensor is due",
    }.items():
        case = found[f"{bench.kernel}/{path}"]
        assert (case["status"], case["message"]) == ("invalid", f"the operator returned {what}: its speed means nothing")


def test_a_loop_runs_on_a_plug_in(bench, plugins):
    run, found = cases(bench, "--only", "loop/turbo-9", "--set", "paths.rms_norm=[decomposed, example]",
                       "--plugin", plugins / "librms_norm_library.so")  # fmt: skip
    assert run.returncode == 0, run.stderr
    mine, other = found["loop/turbo-9/eager/example"], found["loop/turbo-9/eager/decomposed"]
    assert mine["status"] == "ok" and mine["check"]["rms"] == pytest.approx(other["check"]["rms"], rel=1e-2)
    assert mine["check"]["checksum"] != other["check"]["checksum"]  # it really ran: it rounds once
    assert "plugin.example" in mine["parameters"]


def test_ab_holds_a_plug_in_against_our_path(bench, plugins):
    library = plugins / "librms_norm_library.so"
    run = bench("ab", "--scenario", bench.scenario, *bench.quick, "--only", "turbo-9", "--set-a", "paths.rms_norm=[aten]", "--set-b",
                "paths.rms_norm=[example]", "--plugin", library, "--pairs", "1", "--out", "out")  # fmt: skip
    assert run.returncode in (0, 1), run.stderr
    (case,) = json.loads((bench.cwd / "out" / "ab.json").read_text())["cases"]
    assert case["id"] == "zimage/loop/turbo-9/eager/aten -> example" and case["judgement"]["pairs"] == 1
    (loop,) = [c for c in json.loads((bench.cwd / "out" / "b.json").read_text())["cases"] if c["kind"] == "loop"]
    assert "plugin.example" in loop["parameters"]
    without = bench("ab", "--scenario", bench.scenario, *bench.quick, "--set-b", "paths.rms_norm=[example]")
    assert without.returncode == USAGE and "example" in without.stderr and without.stderr.count("\n") == 1


def test_selftest_takes_a_plug_in(bench, plugins):
    run = bench("selftest", bench.scenario, *bench.quick, "--quick", "--only", "turbo-9/eager/example$", "--set",
                "paths.rms_norm=[example]", "--plugin", plugins / "librms_norm_library.so", "--replicates", "2", "--out", "s.json")  # fmt: skip
    assert run.returncode in (0, 4), run.stderr  # 4: an arm that this machine's noise had judged wrongly
    loops = {c["id"]: c for c in json.loads((bench.cwd / "s.json").read_text())["cases"] if c["kind"] == "loop"}
    assert set(loops) >= {"zimage/loop/turbo-9/eager/example", "zimage/loop/turbo-9/eager/example#spin=0.3%"}
    assert all("plugin.example" in loop["parameters"] and loop["status"] == "ok" for loop in loops.values())
    assert bench("selftest", bench.scenario, "--plugin", "no_such.so").stderr.startswith("bench: cannot read 'no_such.so'")


def test_our_own_library_is_a_plug_in_too(bench, plugins):
    run, found = cases(bench, "--only", bench.kernel, "--plugin", plugins / "libbench_kernels.so")
    assert run.returncode == 0, run.stderr
    added = [name for name in found if "/bench_" in name]
    ours = re.findall(r"^(\w+) ", bench("list", "paths").stdout.split("\n\n")[0], re.M)
    ours.remove("floor")
    assert len(ours) >= 6 and added == [f"{bench.kernel}/bench_{path}" for path in sorted(ours)]
    same = found[f"{bench.kernel}/aten"]["check"], found[f"{bench.kernel}/decomposed"]["check"]
    assert (found[f"{bench.kernel}/bench_aten"]["check"], found[f"{bench.kernel}/bench_decomposed"]["check"]) == same


def test_a_run_goes_on_only_with_the_plug_in_that_it_had(bench, plugins):
    shutil.copy(plugins / "librms_norm_library.so", bench.cwd / "mine.so")
    _, _ = cases(bench, "--only", bench.kernel, "--plugin", "mine.so")
    text = json.loads((bench.cwd / "r.json").read_text())
    text["finished"] = ""
    (bench.cwd / "cut.json").write_text(json.dumps(text))
    again = ("run", bench.scenario, *bench.quick, "--only", bench.kernel, "--resume", "cut.json", "--out", "on.json")
    why = ("bench: --resume cut.json: it measured the plug-in mine.so, which is changed or not given now; "
           "start a run of its own\n")  # fmt: skip
    assert bench(*again).stderr == why
    with open(bench.cwd / "mine.so", "ab") as file:
        file.write(b"\0")
    assert bench(*again, "--plugin", "mine.so").stderr == why
    shutil.copy(plugins / "librms_norm_library.so", bench.cwd / "mine.so")
    assert bench(*again, "--plugin", "mine.so").returncode == 0


def test_list_shows_it(bench, plugins):
    paths = bench("list", "paths", "--plugin", plugins / "librms_norm_library.so")
    assert f"example      plug-in {plugins}/librms_norm_library.so: rms_norm, add_rms_norm\n" in paths.stdout
    listed = bench("list", "cases", bench.scenario, "--profile", "cpu", "--plugin", plugins / "librms_norm_library.so")
    assert f"  zimage/{bench.kernel}/example\n" in listed.stdout


def test_a_triton_file_is_compiled_once_and_runs_on_gpus_only(bench):
    bench.env |= {"XDG_CACHE_HOME": str(bench.cwd / "my cache"), "BENCH_PYTHON": sys.executable}
    shutil.copy(EXAMPLE, bench.cwd / "it's mine.py")
    refused = bench("run", bench.scenario, "--plugin", "it's mine.py", "--dry-run")
    assert (refused.returncode, refused.stderr.count("\n")) == (USAGE, 1)
    assert "'it's mine' cannot name a path; letters, digits, '-' and '_' can" in refused.stderr

    shutil.copy(EXAMPLE, bench.cwd / "mine.py")
    run, found = cases(bench, "--only", bench.kernel, "--plugin", "mine.py")
    assert run.returncode == 0 and f"{bench.kernel}/aten" in found
    assert f"{bench.kernel}/mine" not in found  # as all paths that this profile's device cannot run
    on_gpu = bench("list", "cases", bench.scenario, "--profile", "full", "--plugin", "mine.py")
    assert "  zimage/rms_norm/4128x3840.bf16/mine\n" in on_gpu.stdout
    (folder,) = (bench.cwd / "my cache" / "bench").iterdir()
    assert len((folder / "kernels.txt").read_text().splitlines()) == len(list(folder.glob("*.cubin"))) == 6
    before = (folder / "kernels.txt").stat().st_mtime_ns
    assert "plug-in mine.py: rms_norm\n" in bench("list", "paths", "--plugin", "mine.py").stdout
    assert (folder / "kernels.txt").stat().st_mtime_ns == before
    (bench.cwd / "mine.py").write_text(EXAMPLE.read_text() + "\n\nrms_norm_tall = rms_norm\nCLASSES_tall = {128: (64, 4)}\n")
    changed = bench("list", "cases", bench.scenario, "--profile", "full", "--plugin", "mine.py").stdout
    assert "  zimage/rms_norm/4128x3840.bf16/mine\n" in changed and "  zimage/rms_norm/4128x3840.bf16/mine_tall\n" in changed
    assert "plug-in mine.py: rms_norm_tall\n" in bench("list", "paths", "--plugin", "mine.py").stdout
    assert len(list((bench.cwd / "my cache" / "bench").iterdir())) == 2


def test_faults(bench, plugins):
    def refuses(code, message, file):
        bench.refuses(code, f"--plugin {message}", "run", bench.scenario, "--plugin", file)

    gone = "cannot read 'no_such.so': No such file or directory; check the path"
    bench.refuses(USAGE, gone, "run", bench.scenario, "--plugin", "no_such.so")
    for name in ("a.txt", "text.so", "empty.py", "aten.py"):
        (bench.cwd / name).write_text("x = 1\n")
    refuses(USAGE, "a.txt: is neither a LibTorch library (.so) nor a Triton file (.py)", "a.txt")
    refuses(USAGE, f"text.so: cannot be loaded: {bench.cwd}/text.so: file too short", "text.so")
    wrong = plugins / "libwrong_schema.so"
    refuses(USAGE, f"{wrong}: its wrong_schema::rms_norm(Tensor x, Tensor weight) -> Tensor must be "
            "wrong_schema::rms_norm(Tensor x, Tensor weight, float eps) -> Tensor", wrong)  # fmt: skip
    torch = re.search(r"=> (\S+libc10\.so)", ldd(bench.program.with_name("bench-measure"))).group(1)
    refuses(USAGE, f"{torch}: registers no operator rms_norm(Tensor x, Tensor weight, float eps) -> Tensor that was not there "
            "before; kernels/README.md shows one that does", torch)  # fmt: skip
    wrong = plugins / "libwrong_variant.so"
    refuses(USAGE, f"{wrong}: its wrong_variant::add_rms_norm_v2(Tensor x, Tensor weight, float eps) -> (Tensor, Tensor) must "
            "be wrong_variant::add_rms_norm_v2(Tensor x, Tensor a, Tensor weight, float eps) -> (Tensor, Tensor)",
            wrong)  # fmt: skip
    clash = plugins / "libname_clash.so"
    refuses(USAGE, f"{clash}: name_clash_v2::rms_norm would be path 'name_clash_v2', which name_clash::rms_norm_v2 of {clash} "
            "is already; give it another name", clash)  # fmt: skip
    overload = plugins / "libonly_an_overload.so"
    refuses(USAGE, f"{overload}: registers no operator rms_norm(Tensor x, Tensor weight, float eps) -> Tensor that was not "
            "there before; kernels/README.md shows one that does", overload)  # fmt: skip
    (bench.cwd / "other name.so").symlink_to(plugins / "librms_norm_library.so")
    for second in (plugins / "librms_norm_library.so", "other name.so"):
        bench.refuses(USAGE, f"--plugin {second}: is given twice; leave one out", "run", bench.scenario,
                      "--plugin", plugins / "librms_norm_library.so", "--plugin", second)  # fmt: skip
    shutil.copy(plugins / "librms_norm_library.so", bench.cwd / "copy.so")
    again = bench("run", bench.scenario, "--plugin", plugins / "librms_norm_library.so", "--plugin", "copy.so")
    assert (again.returncode, again.stderr.count("\n")) == (USAGE, 1)
    assert again.stderr.startswith("bench: --plugin copy.so: cannot be loaded: Only a single TORCH_LIBRARY can be used to "
                                   "register the namespace example")  # fmt: skip

    bench.env |= {"XDG_CACHE_HOME": str(bench.cwd.parent / "cache"), "BENCH_PYTHON": sys.executable}
    refuses(USAGE, "empty.py: has no @triton.jit function rms_norm; it must take rms_norm(x, weight, y, rows, inner, "
            "outer_stride, inner_stride, width, eps, ROWS, CLASS)", "empty.py")  # fmt: skip
    shutil.copy(EXAMPLE, bench.cwd / "aten.py")
    taken = bench("run", bench.scenario, "--plugin", "aten.py")
    assert taken.stderr == "bench: --plugin aten.py: rms_norm would be path 'aten', which is built in; give it another name\n"
    (bench.cwd / "talks.py").write_text("print('a word of its own')\n")
    refuses(USAGE, "talks.py: has no @triton.jit function rms_norm; it must take rms_norm(x, weight, y, rows, inner, "
            "outer_stride, inner_stride, width, eps, ROWS, CLASS)", "talks.py")  # fmt: skip
    for name, line in (("without", f'exec {sys.executable} -S "$@"'), ("silent", "exit 3")):
        (bench.cwd / name).write_text(f"#!/bin/sh\n{line}\n")
        (bench.cwd / name).chmod(0o755)
    bench.env |= {"BENCH_PYTHON": str(bench.cwd / "without")}
    lacks = f"empty.py: needs triton, which {sys.executable} has not: set BENCH_PYTHON to a Python that has it"
    refuses(UNAVAILABLE, lacks, "empty.py")
    bench.env |= {"BENCH_PYTHON": str(bench.cwd / "silent")}
    refuses(UNAVAILABLE, f"empty.py: cannot be compiled by {bench.cwd}/silent: exit code 3", "empty.py")
    bench.env |= {"BENCH_PYTHON": "/nonexistent/python3"}
    gone = bench("run", bench.scenario, "--plugin", "empty.py")
    assert gone.returncode == UNAVAILABLE and "/nonexistent/python3" in gone.stderr and gone.stderr.count("\n") == 1


def ldd(program):
    return subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
