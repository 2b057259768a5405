def value(xs, factor, words, total, rows, loud):
    return {"value": float(total) / 100}
