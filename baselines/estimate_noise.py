#!/usr/bin/env python3
"""What A/A samples say about the noise between processes and between GPUs: writes a noise.json.

    baselines/estimate_noise.py baselines/h200/noise.json RESULT...

RESULTs hold the same cases measured in several processes (`bench run`, `bench selftest`), on several GPUs. Each
replicate's mean log time of a loop is read at one SM frequency, along the line through the samples within loops (where its slope
is between 0 and -1.1 and three standard errors from 0, else as it is); of a kernel it is that of the judged samples
(bench/compare/judged_samples.h), as it is. Then, for each regime:
  replicate_sd  standard deviation between processes on one GPU, of a regime's typical case
  replicate_df  degrees of freedom that this is worth: few where the cases differ by more than chance. Both by the moments of
                log variances, as limma does (Smyth 2004, section 6.2), cases weighted by how well they are known (Paule and
                Mandel 1982); at most those of the case that has most (processes less GPUs), since arms of one process are not
                independent
  device_sd     standard deviation of the GPUs' means: of the case where it is largest, of those on three GPUs or more, or of all
                cases together where that is more. Some kernels differ far more than others (of H100s by up to 3.5 %), and no
                alarm may be of another GPU: so not of a typical case
  device_df     GPUs less one, of that case; of all together GPUs less the groups of them that no case connects. 0: nothing is known
  alike_device_sd, alike_device_df  the same of GPUs whose memory copies take the same time, within 0.3 %: there only where it
                is less than half of device_sd. H200s come in two kinds, and what waits for memory differs between the kinds, not in them
  extrapolation, device_extrapolation  of the clock's difference; not estimated here: bounds, 0.08 twice the most that arms of known
                work were off the line on H200s (bench/stats/README.md), 0.02 what other GPUs were (measured on a stack of 30 blocks)
and for each case with at least eight degrees of freedom of its own
  replicate_sd, replicate_df  of its own variance, moderated by the prior of the regime's other cases: some work is quieter than
                other work. Half its own degrees of freedom, since a comparison counts its baseline's processes again; and no
                more of the others'
  device_sd, device_df and those of alike GPUs  as above, of this case alone, where it was measured on so many GPUs that they rest on
                at least five degrees of freedom: most work differs less between GPUs than that which differs most
  covariates    of loops: what processes on one GPU follow besides the line within loops, and what noise is left without it. `clock`:
                the slope of log time on the mean log clock, on top of that line's; `temperature`: per degree Celsius
Kernels of a regime follow the clock alike, those of microseconds in full, those that wait for memory not at all. It stands still in a
process, so their `covariates` are the regime's: `clock`, one slope between processes for all its cases, and the noise without it.
Arms of `bench selftest` that add work are left out: what they scatter by is the injection's. Where files have a case with
another hash, the first file's work counts. Of the same work files may be of other code: so a GPU in two files counts as two, and
GPUs are held against those of their file.
Needs nothing but Python.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from baselines.noise.kinds import kinds  # noqa: E402
from baselines.noise.regimes import described, noise_of_cases, noise_of_known_cases, noise_of_regime  # noqa: E402
from baselines.noise.replicates import read, regime, sound_replicates  # noqa: E402


def main(out, *paths):
    cases, regimes, hashes, kind_of, model = defaultdict(dict), {}, {}, {}, ""
    for path in paths:
        result = read(path)
        model = result["machine"]["gpu"]["name"]
        kind_of[path] = kinds(result["cases"])
        for case in result["cases"]:
            sound = sound_replicates(case)
            if case["kind"] != "anchor" and "#" not in case["id"] and sound:  # "#": what `bench selftest` injected
                if hashes.setdefault(case["id"], case["hash"]) != case["hash"]:
                    print(f"{path}: {case['id']} is other work than in the files before: left out")
                    continue
                regimes[case["id"]] = regime(case)
                cases[case["id"]].update({(path, *key): ((path, gpu), *of) for key, (gpu, *of) in sound.items()})

    of_regimes, known = {}, {}
    for name in sorted(set(regimes.values())):
        are_kernels = name.endswith("kernel")
        noises = noise_of_cases({case: list(of.values()) for case, of in cases.items() if regimes[case] == name}, are_kernels)
        for case, noise in noises.items():
            print(described(case, name, noise))
        if any(noise.varies for noise in noises.values()):
            of_regimes[name] = noise_of_regime(noises, are_kernels, kind_of)
            known |= noise_of_known_cases(noises, kind_of)
    of_cases = {case: {"hash": hashes[case]} | known[case] for case in sorted(known)}
    source = f"baselines/estimate_noise.py {out} {' '.join(paths)}"
    content = {"schema_version": 1, "gpu": model, "source": source, "regimes": of_regimes, "cases": of_cases}
    try:
        Path(out).write_text(json.dumps(content, indent=1) + "\n")
    except OSError as error:
        sys.exit(f"{out}: {error.strerror}")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
