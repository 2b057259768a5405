"""The program that runs a model in a process of its own. `adapter` is its seam."""
