"""`DataType` and `DataProfileType` of the third generation."""

from ...data_types import DATA_TYPES, OLD_ONLY, PROFILES
from ...enumeration import Enum

_NUMBERS = {name: number for name, number in DATA_TYPES.items() if name not in OLD_ONLY}
DataType = Enum("DataType", _NUMBERS)
DataProfileType = Enum("DataProfileType", PROFILES)
globals().update(_NUMBERS, **PROFILES)
__all__ = ["DataProfileType", "DataType", *_NUMBERS, *PROFILES]
