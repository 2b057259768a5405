"""Contracts of the first two generations."""

from .data_profile_types_pb2 import *  # noqa: F403
from .model_contract_pb2 import *  # noqa: F403
from .model_field_pb2 import *  # noqa: F403
from .model_signature_pb2 import *  # noqa: F403
