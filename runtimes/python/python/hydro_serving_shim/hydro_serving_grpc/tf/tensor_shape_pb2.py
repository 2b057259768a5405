"""`TensorShapeProto`: sizes of dimensions; no dimensions for a scalar."""

from ..message import Message, one, repeated

__all__ = ["TensorShapeProto"]


class TensorShapeProto(Message):
    class Dim(Message):
        FIELDS = {"size": one("int64"), "name": one("string")}

    FIELDS = {"dim": repeated(Dim), "unknown_rank": one("bool")}
