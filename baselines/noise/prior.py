"""The prior that the variances of several cases give, by the moments of their logs, as limma does it."""

import math

from baselines.noise.least_squares import dot


def prior(variances):
    """(standard deviation, degrees of freedom) of a scaled inverse chi-square that [(df, variance)] come from."""
    logs = [math.log(v) - digamma(n / 2) + math.log(n / 2) for n, v in variances]
    chance = [trigamma(n / 2) for n, _ in variances]

    def about(excess):
        """The mean of the logs, and their chi-square around it, where cases differ by `excess` beyond chance."""
        weights = [1 / (each + excess) for each in chance]
        mean = dot(weights, logs) / sum(weights)
        return mean, dot(weights, [(log - mean) ** 2 for log in logs])

    if about(0.0)[1] <= len(logs) - 1:  # no more than chance
        return math.exp(about(0.0)[0] / 2), math.inf
    low, high = 0.0, (max(logs) - min(logs)) ** 2  # there the chi-square is at most a quarter of their number
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if about(middle)[1] > len(logs) - 1 else (low, middle)
    half = inverse_trigamma(high)
    return math.exp((about(high)[0] + digamma(half) - math.log(half)) / 2), 2 * half


def bounded_prior(variances):
    """The same with no more degrees of freedom than the case that has most."""
    sd, df = prior(variances)
    return sd, min(df, max(df for df, _ in variances))


def moderated(own, others):
    """A case's own (degrees of freedom, variance) together with the prior that the other cases of its regime give."""
    own_df, own_variance = own[0] / 2, own[1]  # a comparison counts its baseline's processes again
    sd, df = bounded_prior(others) if len(others) > 1 else (0, 0)
    df = min(df, own_df)  # the others are of the same processes
    return rounded(math.sqrt((df * sd**2 + own_df * own_variance) / (df + own_df)), df + own_df)


def rounded(sd, df):
    return {"replicate_sd": round(sd, 7), "replicate_df": round(df, 1)}


def digamma(x):
    shift = 0.0
    while x < 10:
        shift, x = shift - 1 / x, x + 1
    return shift + math.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)


def trigamma(x):
    shift = 0.0
    while x < 10:
        shift, x = shift + 1 / x**2, x + 1
    return shift + 1 / x + 1 / (2 * x**2) + 1 / (6 * x**3) - 1 / (30 * x**5)


def inverse_trigamma(y):
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if trigamma(middle) > y else (low, middle)
    return middle
