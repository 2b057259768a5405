"""Models that are a file `func_main.py` with one function for each signature, in three generations of the convention.

| generation | the function is given          | it answers           |
| ---------- | ------------------------------ | -------------------- |
| G1, G2     | a TensorProto for each input   | a PredictResponse    |
| late G2    | numpy arrays and scalars       | a dict of values     |
| G3         | numpy arrays and scalars       | a dict of values     |
"""
