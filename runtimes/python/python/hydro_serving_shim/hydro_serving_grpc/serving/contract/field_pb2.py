"""`ModelField` of the third generation."""

from ...message import Message, one, repeated
from .tensor_pb2 import TensorShape

__all__ = ["ModelField"]


class ModelField(Message):
    class Subfield(Message):
        pass

    FIELDS = {
        "name": one("string"),
        "shape": one(TensorShape),
        "subfields": one(Subfield),
        "dtype": one("int32"),
        "profile": one("int32"),
    }


ModelField.Subfield.FIELDS = {"data": repeated(ModelField)}
