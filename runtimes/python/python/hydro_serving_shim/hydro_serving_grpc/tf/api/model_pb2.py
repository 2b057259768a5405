"""`ModelSpec`: which model and which of its functions."""

from ...message import Message, one

__all__ = ["ModelSpec"]


class Int64Value(Message):
    FIELDS = {"value": one("int64")}


class ModelSpec(Message):
    FIELDS = {"name": one("string"), "version": one(Int64Value), "signature_name": one("string")}
