"""Metrics of a model's own: histograms that the server shows beside its own."""

from typing import Any, Callable, Dict

#: Set by the program that runs the model: name, value, description.
_observe: Callable[[str, float, str], None] = lambda name, value, description: None


def use_recorder(observe: Callable[[str, float, str], None]) -> None:
    """Sends every value there from now on."""
    global _observe
    _observe = observe


class Histogram:
    """A registered metric."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description

    def observe(self, value: float) -> None:
        _observe(self.name, float(value), self.description)


_known: Dict[str, Histogram] = {}


def register(name: str, description: str) -> Histogram:
    """The histogram of this name, which is made if it is new."""
    metric = _known.get(name)
    if metric is None:
        metric = _known[name] = Histogram(name, description)
    return metric


def log(**metrics: Any) -> None:
    """Adds a value to each histogram named; those that are new are made."""
    for name, value in metrics.items():
        register(name, "").observe(value)
