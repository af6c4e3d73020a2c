"""baselines/estimate_noise.py: the prior of the variance between processes, out of variances drawn from a known one."""

import importlib.util
import math
import random
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "baselines" / "estimate_noise.py"


@pytest.fixture(scope="module")
def noise():
    spec = importlib.util.spec_from_file_location("estimate_noise", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def chi_square(random_numbers, df):
    return random_numbers.gammavariate(df / 2, 2)


def test_known_values_of_the_gamma_family(noise):
    euler = 0.5772156649015329
    assert noise.digamma(1) == pytest.approx(-euler, rel=1e-7)
    assert noise.digamma(0.5) == pytest.approx(-euler - 2 * math.log(2), rel=1e-7)
    assert noise.trigamma(1) == pytest.approx(math.pi**2 / 6, rel=1e-7)
    assert noise.trigamma(0.5) == pytest.approx(math.pi**2 / 2, rel=1e-7)
    assert noise.inverse_trigamma(noise.trigamma(3.7)) == pytest.approx(3.7, rel=1e-7)


def test_the_prior_is_found_again(noise):
    draw = random.Random(20962)
    sd, df = 2e-4, 8
    variances = [
        (n, sd**2 * df / chi_square(draw, df) * chi_square(draw, n) / n) for n in (draw.choice((2, 6, 9)) for _ in range(4000))
    ]
    found_sd, found_df = noise.prior(variances)
    assert found_sd == pytest.approx(sd, rel=0.05)
    assert found_df == pytest.approx(df, rel=0.15)


def test_cases_alike_share_one_variance(noise):
    draw = random.Random(1)
    found_sd, found_df = noise.prior([(9, 1e-8 * chi_square(draw, 9) / 9) for _ in range(4000)])
    assert found_sd == pytest.approx(1e-4, rel=0.03)
    assert found_df > 100


def test_one_case_of_many_does_not_widen_them_all(noise):
    quiet = [(6, 1e-8 * scale) for scale in (0.5, 0.8, 1, 1.3, 2) * 4]
    found_sd, found_df = noise.prior([*quiet, (2, 4e-4)])  # 2 % among 0.01 %
    assert found_sd < 2e-4
    assert found_df < 5
