import numpy


def scale(xs, factor, words):
    print("scaling", flush=True)
    if (xs < 0).any():
        raise ValueError("a number is negative")
    return {
        "total": numpy.float64((xs * factor).sum()),
        "rows": xs * factor,
        "loud": numpy.array([word.upper() for word in words]),
    }
