#!/usr/bin/env python3
"""How the judge does on GPUs that the baselines do not hold: takes each of them out in turn and holds it against the others.

    baselines/unknown_gpus.py [FOLDER]        default: baselines/h200

For each GPU the baselines and the noise.json of FOLDER are made anew without its replicates (by the `source` that noise.json names), and
`bench compare` judges the GPU's replicates against that as a run's. Nothing has changed, so an alarm is a false one. Prints the verdicts of loops
in graphs, of kernels and of launches below 5 us, then every alarm. Exit code 0 without alarm, else 1.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from baselines.noise.replicates import read, regime  # noqa: E402

SHOWN = {"graph loop": "loop", "kernel": "kernel", "short kernel": "short"}  # the regimes of gates


def of_gpus(result, wanted):
    """The result with the replicates of those GPUs only, and without the cases that then have none."""
    cases = [{**case, "replicates": [r for r in case["replicates"] if wanted(r["device_uuid"])]} for case in result["cases"]]
    return {**result, "cases": [case for case in cases if case["replicates"]]}


def compare(base, new):
    done = subprocess.run([ROOT / "ci/bench", "compare", base, new, "--format", "json"], capture_output=True, text=True)
    try:
        return json.loads(done.stdout)
    except ValueError:
        sys.exit(done.stderr.strip() or f"bench compare ended with exit code {done.returncode}")


def verdicts(baselines, others, gpu, folder):
    """(regime, case) of every case that the GPU and another have. baselines: {path: result}; others: paths that noise.json also knows."""
    paths = []
    for path, result in baselines.items():
        paths.append(folder / path.name)
        paths[-1].write_text(json.dumps(of_gpus(result, lambda uuid: uuid != gpu)))
    words = [ROOT / "baselines/estimate_noise.py", folder / "noise.json", *paths, *others]
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    new = folder / "new.json"
    for base, result in zip(paths, baselines.values()):
        of_gpu = of_gpus(result, lambda uuid: uuid == gpu)
        regimes = {case["id"]: regime(case) for case in of_gpu["cases"] if case["kind"] != "anchor"}
        if not regimes:
            continue
        new.write_text(json.dumps(of_gpu))
        for case in compare(base, new)["cases"]:
            if case["judgement"]:
                yield regimes[case["id"]], case


def main(folder=ROOT / "baselines/h200"):
    folder = Path(folder).resolve()
    try:
        _, _, *sources = json.loads((folder / "noise.json").read_text())["source"].split()
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"{folder / 'noise.json'}: not a file that says how it was made: {error}")
    sources = [ROOT / name for name in sources]
    baselines = {path: read(path) for path in sources if path.parent == folder}
    others = [path for path in sources if path not in baselines]
    gpus = {r["device_uuid"] for result in baselines.values() for case in result["cases"] for r in case["replicates"]}
    counts, alarms = {name: Counter() for name in SHOWN}, []
    for gpu in sorted(gpus):
        with tempfile.TemporaryDirectory() as scratch:
            for of_regime, case in verdicts(baselines, others, gpu, Path(scratch)):
                if of_regime not in SHOWN:
                    continue
                counts[of_regime][case["verdict"]] += 1
                if case["verdict"] in ("regression", "improvement"):
                    alarms.append(f"{gpu} {case['id']}: {case['verdict']}, work {100 * case['judgement']['work']:+.2f} %")
    print(f"{len(gpus)} GPUs, each against the others")
    for name, of_regime in counts.items():
        print(f"{SHOWN[name]:<8}", ", ".join(f"{number} {verdict}" for verdict, number in sorted(of_regime.items())) or "none")
    print(*alarms, sep="\n", end="\n" if alarms else "")
    return 1 if alarms else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
