from numpy import exp, log, mean


def gmean(values):
    return exp(mean(log(values), axis=0))


def mannwhitneyu(*_, **__):
    raise NotImplementedError("call compare.py with --no-utest")
