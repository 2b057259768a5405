"""`ModelContract` with the members of both generations: `signatures` of the first, `predict` of the second."""

from ..message import Message, one, repeated
from .model_signature_pb2 import ModelSignature

__all__ = ["ModelContract"]


class ModelContract(Message):
    FIELDS = {"model_name": one("string"), "signatures": repeated(ModelSignature), "predict": one(ModelSignature)}
