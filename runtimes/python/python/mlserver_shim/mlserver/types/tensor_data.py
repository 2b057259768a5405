"""The elements of a tensor, as a list whose making waits until somebody asks for it."""

from typing import Any, Iterator, Optional

import numpy as np


class TensorData:
    """What `data` of a tensor is: `root` has the elements, as any value of JSON, bytes or an array.

    Elements that came in as memory stay an array; `root` is then a list of plain numbers, made once when it is read.
    """

    __slots__ = ("_root", "_array", "_made")

    def __init__(self, root: Any = None) -> None:
        if isinstance(root, TensorData):
            self._root, self._array, self._made = root._root, root._array, root._made
            return
        self._root = root
        self._array: Optional[np.ndarray] = None
        self._made = True

    @classmethod
    def of_array(cls, array: np.ndarray) -> "TensorData":
        made = cls()
        made._array = array
        made._made = False
        return made

    @property
    def array(self) -> Optional[np.ndarray]:
        """The array behind it, if there is one and nobody has asked for a list yet (which may have been changed)."""
        return None if self._made else self._array

    @property
    def root(self) -> Any:
        if not self._made:
            self._root = as_list(self._array)
            self._made = True
            self._array = None
        return self._root

    @root.setter
    def root(self, value: Any) -> None:
        self._root, self._array, self._made = value, None, True

    def model_dump(self, **_options: Any) -> Any:
        return self.root

    dict = model_dump

    def __iter__(self) -> Iterator:
        return iter(self.root)

    def __getitem__(self, index: Any) -> Any:
        return self.root[index]

    def __len__(self) -> int:
        return self._array.size if not self._made else len(self._root)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorData) and other.root == self.root

    __hash__ = None

    def __repr__(self) -> str:
        return f"TensorData(root={self.root!r})"


def as_list(array: np.ndarray) -> list:
    """Plain values; what is not a number in an array of floats is None, which JSON has a word for."""
    values = array.reshape(-1).tolist()
    if array.dtype.kind == "f" and np.isnan(array).any():
        return [None if value != value else value for value in values]
    return values
