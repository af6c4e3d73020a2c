"""baselines/estimate_noise.py and what it is made of, baselines/noise/: the prior of the variance between processes, out of variances
drawn from a known one; baselines/anchor_covariate.py, on processes whose loops follow their anchors by a known amount; and
baselines/unknown_gpus.py, with a judge of the test's own."""

import json
import math
import random
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPO

sys.path.insert(0, str(REPO))

from baselines import anchor_covariate, estimate_noise, unknown_gpus  # noqa: E402
from baselines.noise import covariates, kinds, least_squares, prior, replicates, variance  # noqa: E402


def chi_square(random_numbers, df):
    return random_numbers.gammavariate(df / 2, 2)


def test_known_values_of_the_gamma_family():
    euler = 0.5772156649015329
    assert prior.digamma(1) == pytest.approx(-euler, rel=1e-7)
    assert prior.digamma(0.5) == pytest.approx(-euler - 2 * math.log(2), rel=1e-7)
    assert prior.trigamma(1) == pytest.approx(math.pi**2 / 6, rel=1e-7)
    assert prior.trigamma(0.5) == pytest.approx(math.pi**2 / 2, rel=1e-7)
    assert prior.inverse_trigamma(prior.trigamma(3.7)) == pytest.approx(3.7, rel=1e-7)


def test_the_prior_is_found_again():
    draw = random.Random(20962)
    sd, df = 2e-4, 8
    variances = [
        (n, sd**2 * df / chi_square(draw, df) * chi_square(draw, n) / n) for n in (draw.choice((2, 6, 9)) for _ in range(4000))
    ]
    found_sd, found_df = prior.prior(variances)
    assert found_sd == pytest.approx(sd, rel=0.05)
    assert found_df == pytest.approx(df, rel=0.15)


def test_cases_alike_share_one_variance():
    draw = random.Random(1)
    found_sd, found_df = prior.prior([(9, 1e-8 * chi_square(draw, 9) / 9) for _ in range(4000)])
    assert found_sd == pytest.approx(1e-4, rel=0.03)
    assert found_df > 100


def test_cases_of_three_processes_say_little_of_the_others():
    draw = random.Random(3)
    known = [(17, 1e-8 * scale) for scale in (0.6, 0.8, 0.9, 1, 1.1, 1.3, 1.6) * 3]
    few = sorted(prior.prior([*known, *((2, 1e-8 * chi_square(draw, 2) / 2) for _ in range(5))])[1] for _ in range(200))
    assert few[20] == math.inf  # all alike weighted: 8


def test_one_case_of_many_does_not_widen_them_all():
    quiet = [(6, 1e-8 * scale) for scale in (0.5, 0.8, 1, 1.3, 2) * 4]
    found_sd, found_df = prior.prior([*quiet, (2, 4e-4)])  # 2 % among 0.01 %
    assert found_sd < 2e-4
    assert found_df < 5


@pytest.mark.parametrize("share", [0, 0.9])
def test_a_covariate_narrows_what_it_explains(tmp_path, capsys, share):
    draw = random.Random(7)
    kinds = ("loop/a", "anchor/copy")
    cases = {kind: {"id": f"s/{kind}", "kind": kind.split("/")[0], "status": "ok", "replicates": []} for kind in kinds}
    for process in range(400):
        state, own = draw.gauss(0, 2e-4), draw.gauss(0, 2e-4)
        levels = {"anchor/copy": state, "loop/a": share * state + math.sqrt(1 - share**2) * own}
        for kind, case in cases.items():
            samples = {"t_s": [0.1 * math.exp(levels[kind])] * 3, "f_hz": [1.58e9] * 3, "loop": [0, 0, 0]}
            case["replicates"].append({"device_uuid": f"GPU-{process % 8}", "process": process, "seed": 1, "samples": samples})
    (tmp_path / "r.json").write_text(json.dumps({"cases": list(cases.values())}))
    anchor_covariate.main(tmp_path / "r.json")
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith("s/loop/a, copy")
    before, after = (float(number) for number in line.split("%")[0].split(",")[1].replace("copy", "").split("->"))
    assert before == pytest.approx(0.02, rel=0.1)
    assert after == pytest.approx(0.02 * math.sqrt(1 - share**2), rel=0.1)
    assert "(392 df)" in line and "(7 df)" in line


def at_places(*microseconds):
    """A kernel's samples, two regions at each place."""
    places = [place for place in range(len(microseconds)) for _ in range(2)]
    return {"t_s": [microseconds[place] * 1e-6 for place in places], "f_hz": places, "loop": places}


def test_a_kernel_is_judged_at_places_in_the_middle_of_what_is_usual_there():
    """bench/compare/judged_samples_test.cpp asks the same of the judge."""
    usual = (2.61, 3.14, 3.04, 2.96, 2.95, 2.86, 2.77, 2.71)
    found = replicates.judged([at_places(*usual), at_places(*usual), at_places(2.4, 3.2, 3.4, 2.97, 3.1, 2.85, 2.775, 2.70)])[2]
    assert found["loop"] == found["f_hz"] == [3, 3, 6, 6]
    level = math.exp(sum(math.log(us) for us in usual) / 8) * 1e-6
    assert found["t_s"] == pytest.approx([level * 2.97 / 2.96] * 2 + [level * 2.775 / 2.77] * 2)
    assert replicates.judged([at_places(1, 1, 1), at_places(1, 1, 1), at_places(1.7, 1.5, 1.6)])[2]["loop"] == [2, 2]


def kernels(count, slope=-1.0, clock_sd=0.004, level_sd=1e-3):
    """{case: (processes on three GPUs, their clocks)} of three kernels that `count` processes measured."""
    draw = random.Random(12)
    clocks = [draw.gauss(0, clock_sd) for _ in range(count)]
    return {case: ([(f"GPU-{i % 3}", 0.01 * (i % 3) + slope * clocks[i] + draw.gauss(0, level_sd)) for i in range(count)], clocks)
            for case in "abc"}  # fmt: skip


def test_kernels_follow_the_clock_together():
    found = covariates.clock_of_kernels(kernels(20))["clock"]
    assert abs(found["slope"] + 1) < 3 * found["slope_sd"] < 0.3
    assert found["df"] == 20 - 3 - 1  # the cases of a process share its clock
    found = covariates.clock_of_kernels(kernels(20, slope=0))["clock"]
    assert -3 * found["slope_sd"] < found["slope"] <= 0
    assert covariates.clock_of_kernels(kernels(20, slope=0.5)) == {}  # time does not rise with the clock
    assert covariates.clock_of_kernels(kernels(6)) == {}  # too few
    assert covariates.clock_of_kernels(kernels(20, clock_sd=0)) == {}
    assert covariates.clock_of_kernels(kernels(20, clock_sd=1e-4)) == {}  # less is known than without: +- 1.3


def test_what_kernels_follow_is_their_regimes(tmp_path):
    cases = []
    for case, (processes, clocks) in kernels(20).items():
        replicates = [{"device_uuid": gpu, "process": i, "seed": 1, "samples": {
            "t_s": [2e-6 * math.exp(level)], "f_hz": [1.98e9 * math.exp(clock)], "loop": [0]}}
            for i, ((gpu, level), clock) in enumerate(zip(processes, clocks))]  # fmt: skip
        cases.append({"id": f"s/{case}", "hash": "0", "kind": "kernel", "status": "ok", "launches": 1, "replicates": replicates})
    (tmp_path / "r.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": cases}))
    estimate_noise.main(str(tmp_path / "noise.json"), str(tmp_path / "r.json"))
    written = json.loads((tmp_path / "noise.json").read_text())
    regime = written["regimes"]["short kernel"]
    assert regime["replicate_sd"] > 3e-3
    assert regime["covariates"]["replicate_sd"] == pytest.approx(1e-3, rel=0.3)
    for case in written["cases"].values():
        assert case["covariates"]["clock"] == regime["covariates"]["clock"]
        assert case["covariates"]["replicate_sd"] == pytest.approx(1e-3, rel=0.3)


def test_no_case_hides_how_gpus_differ_in_another():
    draw = random.Random(11)
    pairs = [{gpu: draw.gauss(0, 1e-3) for gpu in (f"GPU-{2 * i}", f"GPU-{2 * i + 1}")} for i in range(200)]
    sd, df = variance.between_gpus(pairs)
    assert sd == pytest.approx(1e-3, rel=0.12)
    assert df == 200
    assert variance.between_gpus(pairs[:1]) == (0, 0)  # one pair
    assert variance.between_gpus([pairs[0]] * 50) == (0, 0)  # of the same GPUs again and again
    assert variance.between_gpus([{"GPU-a": 1.0, "GPU-b": 1.0, "GPU-c": 1.0}]) == (0, 2)
    far = {"GPU-a": 0.0, "GPU-b": 0.01, "GPU-c": -0.01}
    assert variance.between_gpus([*pairs, far]) == (pytest.approx(0.01), 2)


@pytest.mark.parametrize(
    ("kind", "microseconds", "launches", "regime"),
    [("kernel", 1.6, 1, "short kernel"), ("kernel", 17, 1, "kernel"), ("kernel", 16, 8, "short kernel"), ("loop", 1.6, 1, "eager loop")],
)
def test_regimes_are_those_of_the_judge(kind, microseconds, launches, regime):
    """bench/compare/comparison_test.cpp asks the same of it."""
    samples = {"t_s": [microseconds * 1e-6] * 3, "f_hz": [1.98e9] * 3, "loop": [0, 0, 1]}
    case = {"kind": kind, "launches": launches, "replicates": [{"samples": samples}], "parameters": {"engine": "eager"}}
    assert replicates.regime(case) == regime


def test_gpus_are_held_against_those_of_their_file(tmp_path):
    """Another file's code may be slower: that is no difference between GPUs."""
    def write(name, slower, *gpus):
        replicates = [{"device_uuid": gpu, "process": i, "seed": 1, "samples": {
            "t_s": [0.1 * (1 + slower) * (1 + 1e-4 * j + 1e-4 * i)] * 2, "f_hz": [1.6e9] * 2, "loop": [0, 0]}}
            for j, gpu in enumerate(gpus) for i in range(3)]  # fmt: skip
        case = {"id": "s/loop/a", "hash": "0", "kind": "loop", "status": "ok", "parameters": {"engine": "graph"}, "replicates": replicates}
        (tmp_path / name).write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": [case]}))
        return str(tmp_path / name)

    files = write("old.json", 0.01, "GPU-a", "GPU-b", "GPU-c"), write("new.json", 0, "GPU-a", "GPU-d")
    estimate_noise.main(str(tmp_path / "noise.json"), *files)
    regime = json.loads((tmp_path / "noise.json").read_text())["regimes"]["graph loop"]
    assert regime["device_sd"] == pytest.approx(1e-4, rel=0.1)
    assert regime["replicate_sd"] == pytest.approx(1e-4, rel=0.1)  # also of GPU-a, which both files have


def test_a_case_on_many_gpus_has_its_own_terms_between_them(tmp_path):
    """On seven GPUs of two kinds 0.7 % apart, six of one; another case differs by 2 % on three."""
    def case(kind, name, us, *of_gpus):
        replicates = [{"device_uuid": f"GPU-{j}", "process": i, "seed": 1, "samples": {
            "t_s": [us * 1e-6 * math.exp(off + 1e-5 * i)] * 2, "f_hz": [1.98e9] * 2, "loop": [0, 0]}}
            for j, off in enumerate(of_gpus) for i in range(3)]  # fmt: skip
        return {"id": name, "hash": "0", "kind": kind, "status": "ok", "launches": 1, "parameters": {}, "replicates": replicates}

    def known(*cases):
        (tmp_path / "r.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": cases}))
        estimate_noise.main(str(tmp_path / "noise.json"), str(tmp_path / "r.json"))
        noise = json.loads((tmp_path / "noise.json").read_text())
        return noise["cases"], noise["regimes"]["kernel"]

    many = [0, 1e-4, 2e-4, 0, 1e-4, 2e-4, 7e-3]
    copies = case("anchor", "s/anchor/copy", 1270, 0, 0, 0, 0, 0, 0, 6e-3)
    cases, regime = known(case("kernel", "s/many", 17, *many), case("kernel", "s/few", 17, 0, 2e-2, 4e-2), copies)
    own = cases["s/many"]
    assert (own["device_sd"], own["device_df"]) == (pytest.approx(2.6e-3, rel=0.02), 6)
    assert (own["alike_device_sd"], own["alike_device_df"]) == (pytest.approx(0.9e-4, rel=0.05), 5)
    assert (regime["device_sd"], regime["device_df"]) == (pytest.approx(2e-2, rel=0.01), 2)
    assert "device_sd" not in cases.get("s/few", {})
    cases, _ = known(case("kernel", "s/many", 17, *many[:5]), copies)  # four differences
    assert "device_sd" not in cases["s/many"]


def test_gpus_of_one_kind_are_known_by_themselves(tmp_path):
    """Two kinds, told by their copies, whose kernels are 0.7 % apart; within a kind 0.01 %."""
    gpus = {"GPU-a": (0.0, 0.0), "GPU-b": (1e-4, 1e-3), "GPU-c": (2e-4, 0.0), "GPU-d": (7e-3, 6e-3), "GPU-e": (7.1e-3, 6.5e-3)}

    def case(kind, name, us, of):
        replicates = [{"device_uuid": gpu, "process": i, "seed": 1, "samples": {
            "t_s": [us * 1e-6 * math.exp(values[of] + 1e-5 * i)] * 2, "f_hz": [1.98e9] * 2, "loop": [0, 0]}}
            for gpu, values in gpus.items() for i in range(3)]  # fmt: skip
        return {"id": name, "hash": "0", "kind": kind, "status": "ok", "launches": 1, "parameters": {}, "replicates": replicates}

    cases = [case("kernel", "s/k", 17, 0), case("anchor", "s/anchor/copy", 1270, 1)]
    (tmp_path / "r.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": cases}))
    estimate_noise.main(str(tmp_path / "noise.json"), str(tmp_path / "r.json"))
    regime = json.loads((tmp_path / "noise.json").read_text())["regimes"]["kernel"]
    assert regime["device_sd"] == pytest.approx(3.8e-3, rel=0.02)
    assert (regime["alike_device_sd"], regime["alike_device_df"]) == (pytest.approx(1e-4, rel=0.1), 2)
    assert set(kinds.kinds(cases).values()) == {0, 1}
    del cases[1]  # without copies nobody knows
    (tmp_path / "r.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": cases}))
    estimate_noise.main(str(tmp_path / "noise.json"), str(tmp_path / "r.json"))
    assert "alike_device_sd" not in json.loads((tmp_path / "noise.json").read_text())["regimes"]["kernel"]


def test_a_case_that_was_measured_often_is_known_by_itself(tmp_path):
    """Twelve processes of a quiet and of a noisy loop, three of one more."""
    draw = random.Random(5)

    def case(name, sd, processes):
        replicates = []
        for process in range(processes):
            t_s = 0.1 * math.exp(draw.gauss(0, sd))
            samples = {"t_s": [t_s] * 3, "f_hz": [1.58e9] * 3, "loop": [0, 0, 0]}
            replicates.append({"device_uuid": "GPU-a", "process": process, "seed": 1, "samples": samples})
        return {"id": name, "hash": "0", "kind": "loop", "status": "ok", "parameters": {"engine": "graph"}, "replicates": replicates}

    cases = [case("s/quiet", 1e-4, 12), case("s/noisy", 1e-3, 12), case("s/seldom", 1e-4, 3)]
    (tmp_path / "r.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": cases}))
    estimate_noise.main(str(tmp_path / "noise.json"), str(tmp_path / "r.json"))
    written = json.loads((tmp_path / "noise.json").read_text())
    assert set(written["cases"]) == {"s/quiet", "s/noisy"}
    quiet, noisy = written["cases"]["s/quiet"], written["cases"]["s/noisy"]
    assert noisy["replicate_sd"] == pytest.approx(1e-3, rel=0.4)
    assert quiet["replicate_sd"] < noisy["replicate_sd"] / 3
    assert 11 / 2 < quiet["replicate_df"] <= 11  # half its own and something of the others'
    assert quiet["replicate_sd"] < written["regimes"]["graph loop"]["replicate_sd"]


def test_a_case_alone_in_its_regime_is_not_counted_twice():
    assert prior.moderated((12, 4e-8), []) == {"replicate_sd": 2e-4, "replicate_df": 6}


def processes_that_follow(clock, degree, count=60):
    """(GPU, level), mean log clocks and temperatures of processes on three GPUs."""
    draw = random.Random(11)
    clocks, degrees = [draw.gauss(0, 0.004) for _ in range(count)], [60 + draw.gauss(0, 4) for _ in range(count)]
    processes = [
        (f"GPU-{i % 3}", 0.01 * (i % 3) + clock * clocks[i] + degree * degrees[i] + draw.gauss(0, 2e-4)) for i in range(count)
    ]
    return processes, {"clock": clocks, "temperature": degrees}


def test_what_processes_follow_is_found_again():
    known, (df, variance) = covariates.covariates(*processes_that_follow(clock=0.13, degree=2e-4))
    assert df == 60 - 3 - 2
    assert math.sqrt(variance) == pytest.approx(2e-4, rel=0.25)
    for name, slope in (("clock", 0.13), ("temperature", 2e-4)):
        assert known[name]["df"] == df
        assert abs(known[name]["slope"] - slope) < 3 * known[name]["slope_sd"] < 0.2 * slope


def test_what_may_be_chance_is_no_covariate():
    processes, columns = processes_that_follow(clock=0, degree=2e-4)
    known, (df, _) = covariates.covariates(processes, columns)
    assert set(known) == {"temperature"}
    assert df == 60 - 3 - 1
    assert covariates.covariates(processes[:10], columns) == ({}, None)  # too few
    assert covariates.covariates([(gpu, 1.0) for gpu, _ in processes], columns) == ({}, None)  # nothing to follow
    assert covariates.covariates(processes, {"clock": columns["clock"], "again": columns["clock"]}) == ({}, None)


def test_a_process_without_a_thermometer_is_left_out():
    processes, columns = processes_that_follow(clock=0.13, degree=2e-4)
    processes.append(("GPU-alone", 5.0))
    columns["clock"].append(0.5)
    columns["temperature"].append(99)
    columns["temperature"][7] = None
    known, (df, _) = covariates.covariates(processes, columns)
    assert set(known) == {"clock", "temperature"}
    assert df == 59 - 3 - 2


def test_with_too_few_for_both_the_stronger_one_is_taken():
    processes, columns = processes_that_follow(clock=0.3, degree=0, count=12)
    known, (df, _) = covariates.covariates(processes, columns)
    assert set(known) == {"clock"}
    assert df == 12 - 3 - 1


@pytest.mark.parametrize(("df", "factor"), [(8, 4.277), (20, 3.422), (1e6, 3.0)])
def test_three_sigma_of_student(df, factor):
    assert least_squares.three_sigma(df) == pytest.approx(factor, rel=6e-3)


@pytest.mark.parametrize("gpu", ["h100", "h200"])
def test_the_committed_noise_is_that_of_the_committed_samples(tmp_path, monkeypatch, gpu):
    committed = json.loads((REPO / "baselines" / gpu / "noise.json").read_text())
    monkeypatch.chdir(REPO)
    estimate_noise.main(str(tmp_path / "noise.json"), *committed["source"].split()[2:])
    made = json.loads((tmp_path / "noise.json").read_text())
    assert {**made, "source": ""} == {**committed, "source": ""}


def test_each_gpu_is_held_against_the_others(tmp_path, monkeypatch, capsys):
    def replicate(gpu, process):
        return {"device_uuid": gpu, "process": process, "seed": 1,
                "samples": {"t_s": [0.1 + 1e-5 * process] * 2, "f_hz": [1.6e9] * 2, "loop": [0, 0]}}  # fmt: skip

    gpus = ["GPU-a", "GPU-b", "GPU-c", "GPU-d"]
    case = {"id": "s/loop/a/graph/fused", "hash": "0", "kind": "loop", "status": "ok", "parameters": {"engine": "graph"},
            "replicates": [replicate(gpu, i) for gpu in gpus for i in range(3)]}  # fmt: skip
    (tmp_path / "s.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": [case]}))
    (tmp_path / "noise.json").write_text(json.dumps({"source": f"program noise.json {tmp_path / 's.json'}"}))
    seen = []

    def compare(base, new):
        of = [{r["device_uuid"] for r in json.loads(Path(f).read_text())["cases"][0]["replicates"]} for f in (base, new)]
        seen.append(of)
        assert json.loads((base.parent / "noise.json").read_text())["regimes"]["graph loop"]["device_df"] == 2  # of three GPUs
        alarm = of[1] == {"GPU-b"}
        return {"cases": [{"id": case["id"], "kind": "loop", "new_t_s": 0.1, "verdict": "regression" if alarm else "pass",
                           "judgement": {"work": 0.004}}]}  # fmt: skip

    monkeypatch.setattr(unknown_gpus, "compare", compare)
    assert unknown_gpus.main(tmp_path) == 1
    assert seen == [[set(gpus) - {gpu}, {gpu}] for gpu in gpus]
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["4 GPUs, each against the others", "loop     3 pass, 1 regression"]
    assert lines[-1] == "GPU-b s/loop/a/graph/fused: regression, work +0.40 %"
    with pytest.raises(SystemExit, match="noise.json: not a file that says how it was made"):
        unknown_gpus.main(tmp_path / "none")


@pytest.mark.parametrize("script", ["estimate_noise.py", "anchor_covariate.py"])
def test_a_faulty_file_is_one_line(tmp_path, script):
    (tmp_path / "cut.json").write_text('{"cases"')
    (tmp_path / "list.json").write_text("[]")
    for file, said in (("none", "none: No such file"), ("cut.json", "cut.json: not JSON"), ("list.json", "list.json: no result of bench")):
        words = [tmp_path / "noise.json"] * (script == "estimate_noise.py") + [tmp_path / file]
        done = subprocess.run([sys.executable, REPO / "baselines" / script, *words], capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "noise.json").exists()


def test_a_noise_file_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"machine": {"gpu": {"name": "NVIDIA H200"}}, "cases": []}))
    with pytest.raises(SystemExit, match="none/noise.json: No such file or directory"):
        estimate_noise.main(str(tmp_path / "none" / "noise.json"), str(tmp_path / "r.json"))
