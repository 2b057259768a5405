"""`DataType` of the first two generations."""

from ..data_types import DATA_TYPES, NEW_ONLY
from ..enumeration import Enum

_NUMBERS = {name: number for name, number in DATA_TYPES.items() if name not in NEW_ONLY}
DataType = Enum("DataType", _NUMBERS)
globals().update(_NUMBERS)
__all__ = ["DataType", *_NUMBERS]
