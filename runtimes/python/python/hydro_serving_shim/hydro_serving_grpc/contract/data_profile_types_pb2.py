"""`DataProfileType`: what kind of data a field holds."""

from ..data_types import PROFILES
from ..enumeration import Enum

DataProfileType = Enum("DataProfileType", PROFILES)
globals().update(PROFILES)
__all__ = ["DataProfileType", *PROFILES]
