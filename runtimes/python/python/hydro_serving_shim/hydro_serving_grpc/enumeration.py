"""Enumerations."""

from typing import Dict, List


class Enum:
    """Names and numbers of an enumeration, in either direction."""

    def __init__(self, name: str, numbers_by_name: Dict[str, int]) -> None:
        self._name = name
        self._numbers = dict(numbers_by_name)
        self._names = {number: name for name, number in numbers_by_name.items()}

    def Name(self, number: int) -> str:
        if number not in self._names:
            raise ValueError(f"Enum {self._name} has no name defined for value {number!r}")
        return self._names[number]

    def Value(self, name: str) -> int:
        if name not in self._numbers:
            raise ValueError(f"Enum {self._name} has no value defined for name {name!r}")
        return self._numbers[name]

    def keys(self) -> List[str]:
        return list(self._numbers)

    def values(self) -> List[int]:
        return list(self._numbers.values())

    def items(self) -> List["tuple[str, int]"]:
        return list(self._numbers.items())
