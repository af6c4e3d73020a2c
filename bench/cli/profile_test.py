"""`bench profile` and `bench run --profile-kernels` where there is no GPU: they say so, and nothing else changes."""

import json

WHY = "no kernels on a CPU: CUPTI sees what runs on a GPU"


def profiles(path):
    return {case["id"]: case["profile"] for case in json.loads(path.read_text())["cases"] if case["kind"] != "anchor"}


def test_a_cpu_has_no_kernel_tables(bench):
    done = bench("profile", bench.scenario, *bench.quick, "--only", f"turbo-9|{bench.kernel}", "--out", "p.json", "--trace", "t.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"\nno kernel tables: {WHY}\n")
    assert "zimage/loop/turbo-9/eager/aten" in done.stdout  # its times are there
    found = profiles(bench.cwd / "p.json")
    assert len(found) == 4
    for profile in found.values():
        assert (profile["message"], profile["kernels"], profile["samples"]) == (WHY, [], 0)
    assert not (bench.cwd / "t.json").exists()


def test_a_run_with_the_pass_has_the_samples_of_one_without(bench):
    arguments = ("run", bench.scenario, *bench.quick, "--only", bench.kernel + "/aten", "--replicates", "2")
    assert bench(*arguments, "--out", "without.json").returncode == 0
    assert set(profiles(bench.cwd / "without.json").values()) == {None}
    done = bench(*arguments, "--out", "with.json", "--profile-kernels")
    assert done.returncode == 0 and WHY in done.stdout, done.stderr
    cases = [json.loads((bench.cwd / name).read_text())["cases"] for name in ("without.json", "with.json")]
    for without, with_pass in zip(*cases):
        assert [len(replicate["samples"]["t_s"]) for replicate in with_pass["replicates"]] == [
            len(replicate["samples"]["t_s"]) for replicate in without["replicates"]
        ]
        assert with_pass["check"] == without["check"] and with_pass["status"] == without["status"] == "ok"


def test_what_cannot_be_is_refused(bench):
    known = "there are none, spin=0.3%, norms=10, power and launches=0.5%"
    bench.refuses(2, f"'lots': no injection; {known}", "profile", bench.scenario, "--inject", "lots")
    for_loops = "'power' is for loops, and none is chosen: choose other cases (--only)"
    bench.refuses(2, for_loops, "profile", bench.scenario, "--inject", "power", "--only", "/rms_norm/")
    assert bench("profile", bench.scenario, "--rows", "0").returncode == 2
    assert bench("profile").returncode == 2
