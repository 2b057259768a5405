"""`ModelSignature` of the third generation."""

from ...message import Message, one, repeated
from .field_pb2 import ModelField

__all__ = ["ModelSignature"]


class ModelSignature(Message):
    FIELDS = {"signature_name": one("string"), "inputs": repeated(ModelField), "outputs": repeated(ModelField)}
