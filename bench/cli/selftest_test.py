"""bench selftest: its arms, a data set of them, and the rates of the one in the repository."""

import json
import re

USAGE = 2


def test_rates_of_the_committed_data(bench):
    data = bench.scenario.parents[1] / "baselines" / "h200" / "selftest" / "turbo-9-aten.json"
    run = bench("selftest", "--judge", data, "--shuffles", "20")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("zimage/loop/turbo-9/graph/aten: 42 processes on 5 GPUs, ")
    assert "3 processes a side: share of all deals; how many of 4 comparisons that share no process (the deal in the order of the" in run.stdout
    cell = r"([0-9.]+) %, (\d+) of (\d+) \((\d+)\.\.(\d+)\)"
    tables = re.findall(rf"^bench, prior of other GPUs +{cell} +{cell} +{cell} ", run.stdout, re.M)
    assert len(tables) == 5 and all(float(table[0]) == 0 for table in tables)  # unchanged: no alarm
    assert tables[2][1:5] == ("0", "4", "0", "60") and tables[2][-4:] == ("4", "4", "40", "100")  # exact, of whole numbers
    assert run.stdout == bench("selftest", "--judge", data, "--shuffles", "20").stdout  # no chance in it
    rules = ("Mann-Whitney", "Criterion", "nvbench-robust", "medians +-2 %", "medians +-5 %")
    assert all(run.stdout.count(f"\n{rule}") == 5 for rule in rules)
    assert re.search(r"^10 s +4 +0\.0\d+ %", run.stdout, re.M)


def test_rates_of_a_kernel(bench):
    data = bench.scenario.parents[1] / "baselines" / "h200" / "selftest" / "rms-norm.json"
    run = bench("selftest", "--judge", data, "--shuffles", "5")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("zimage/rms_norm/4128x3840.bf16/fused: 58 processes on 4 GPUs\nbetween processes on one GPU: 0.0")
    alarms = re.findall(r"^bench, prior of other GPUs +([0-9.]+) %, .* +([0-9.]+) %, \d+ of \d+ \(\d+\.\.\d+\) +[0-9.]+ %$", run.stdout, re.M)
    assert len(alarms) == 5 and all(float(unchanged) == 0 and float(more) > 95 for unchanged, more in alarms)
    assert "clock line" not in run.stdout and "GPU time" not in run.stdout  # of loops


def test_how_far_off_the_clock_line_arms_are(bench):
    data = bench.scenario.parents[1] / "baselines" / "h200" / "selftest" / "clock-line-flux1.json"
    run = bench("selftest", "--judge", data, "--shuffles", "5")
    assert (run.returncode, run.stderr) == (0, "")
    assert "power: alarm" in run.stdout and "prior of other GPUs" not in run.stdout  # it has one GPU
    off = dict(re.findall(r"^(power|unchanged|\+3 %|\+10 %) +\d+ +([+-][0-9.]+) % ", run.stdout, re.M))
    assert set(off) == {"power", "unchanged", "+3 %", "+10 %"} and float(off["power"]) > 9 and abs(float(off["unchanged"])) < 1


def test_no_data_set(bench):
    data = bench.scenario.parents[1] / "baselines" / "h200" / "zimage.json"
    bench.refuses(USAGE, f"{data}: no case with an injection: `bench selftest --append` makes such a data set", "selftest",
                  "--judge", data)  # fmt: skip
    bench.refuses(USAGE, "cannot read 'a.json': No such file or directory; check the path", "selftest", "--judge", "a.json")


def test_processes_that_are_added_draw_other_orders(bench):
    for out in ("a.json", "b.json"):
        run = bench("selftest", bench.scenario, *bench.quick, "--quick", "--only", "turbo-9/eager/aten$", "--replicates", "2", "--out", out,
                    "--append", "data.json")  # fmt: skip
        assert run.returncode in (0, 4), run.stderr  # 4: an arm that this machine's noise had judged wrongly
        assert "turbo-9/eager/aten: this machine resolves " in run.stdout and " in 2 processes, " in run.stdout
    loops = [c for c in json.loads((bench.cwd / "data.json").read_text())["cases"] if c["kind"] == "loop"]
    assert len(loops) == 4
    assert all([r["seed"] for r in c["replicates"]] == [1, 2, 3, 4] for c in loops)


def test_arms_of_ones_own(bench):
    words = ("selftest", bench.scenario, *bench.quick, "--only", "turbo-9/eager/aten$", "--replicates", "2", "--out", "a.json")
    run = bench(*words, "--arms", "spin=5%,none")
    assert run.returncode in (0, 4), run.stderr  # 4: an arm that this machine's noise had judged wrongly
    loops = [c["id"] for c in json.loads((bench.cwd / "a.json").read_text())["cases"] if c["kind"] == "loop"]
    assert {id.partition("#")[2] for id in loops} == {"", "spin=5%", "none"} and len(loops) == 3
    bench.refuses(USAGE, "--arms: 'none' is there twice", *words, "--arms", "none,none")
    bench.refuses(USAGE, "'spin': no injection; there are none, spin=0.3%, norms=10, power and launches=0.5%", *words, "--arms", "spin")
    bench.refuses(USAGE, "--quick excludes --arms; see `bench selftest --help`", *words, "--arms", "none", "--quick")


def test_by_default_it_takes_the_first_loop_and_the_first_kernel(bench):
    run = bench("selftest", bench.scenario, *bench.quick, "--quick", "--replicates", "2", "--out", "a.json")
    assert run.returncode in (0, 4), run.stderr  # 4: an arm that this machine's noise had judged wrongly
    cases = {c["id"]: c for c in json.loads((bench.cwd / "a.json").read_text())["cases"] if c["kind"] != "anchor"}
    first_kernel = next(id for id in cases if "/loop/" not in id).split("#")[0].rpartition("/")[0]
    assert {re.sub(r"/[^/]+(/[^/]+)$", "", id.split("#")[0]) for id in cases if "/loop/" in id} == {"zimage/loop/turbo-9"}
    assert all(id.startswith(("zimage/loop/turbo-9/", first_kernel)) for id in cases)
    for id in {id.split("#")[0] for id in cases}:
        arms = {each.partition("#")[2] for each in cases if each.split("#")[0] == id}
        assert arms == {"", "none", "spin=0.1%", "spin=0.3%"} if "/loop/" in id else {"", "none", "launches=0.5%", "launches=1.5%"}
        assert f"{id}: this machine resolves " in run.stdout
    launches = int(cases[f"{first_kernel}/aten#launches=0.5%"]["parameters"]["launches_per_region"])
    assert launches * 0.005 == round(launches * 0.005)  # whole launches more
    assert "best" in run.stdout and "launches=0.5%  " not in run.stdout.split("best")[0].splitlines()[-1]  # no path
