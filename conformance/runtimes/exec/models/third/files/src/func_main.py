def describe(xs, name):
    if (xs < 0).any():
        raise ValueError("a number is negative")
    return {"scaled": xs * 2, "count": xs.size, "greeting": [f"hello {name[0]}"]}
