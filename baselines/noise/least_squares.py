"""Least squares on one or two columns, and how far from 0 a slope must be that is not chance."""

import math


def dot(a, b):
    return sum(x * z for x, z in zip(a, b))


def fit(y, columns):
    """Least squares of y on one or two columns, all of mean 0: their slopes, and what is left of y."""
    if len(columns) == 1:
        slopes = [dot(columns[0], y) / dot(columns[0], columns[0])]
    else:
        a, b = columns
        aa, ab, bb, ay, by = dot(a, a), dot(a, b), dot(b, b), dot(a, y), dot(b, y)
        slopes = [(ay * bb - by * ab) / (aa * bb - ab**2), (by * aa - ay * ab) / (aa * bb - ab**2)]
    return slopes, [value - sum(slope * column[i] for slope, column in zip(slopes, columns)) for i, value in enumerate(y)]


def slopes_of(y, used, df):
    """{name: (slope, standard error)} of the columns used, the variance that is left; nothing where that is none, or no fit is."""
    own = {}  # of each column what no other has
    for name, column in used.items():
        others = [other for key, other in used.items() if key != name]
        own[name] = fit(column, others)[1] if others else column
        if dot(own[name], own[name]) <= 1e-9 * dot(column, column):
            return {}, 0
    slopes, left = fit(y, list(used.values()))
    variance = dot(left, left) / df
    if variance <= 0:
        return {}, 0
    return {name: (slope, math.sqrt(variance / dot(own[name], own[name]))) for name, slope in zip(used, slopes)}, variance


def three_sigma(df):
    """As many standard errors as Student's distribution takes to leave out what three leave out of the normal one; for df >= 8
    within 0.5 % (Cornish and Fisher's expansion)."""
    z = 3
    return (z + (z**3 + z) / (4 * df) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * df**2)
            + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * df**3))  # fmt: skip
