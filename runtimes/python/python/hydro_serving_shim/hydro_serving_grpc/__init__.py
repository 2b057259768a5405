"""Stands in for the package `hydro_serving_grpc` in an interpreter that has none.

It has the messages that a model's function meets, under the names of all three generations: flat here, in `tf` and
`contract`, and in `serving`. Clients and services are not here, and messages have no wire form.
"""

from . import contract, tf
from .contract.model_contract_pb2 import *  # noqa: F403
from .contract.model_field_pb2 import *  # noqa: F403
from .contract.model_signature_pb2 import *  # noqa: F403
from .tf.api import *  # noqa: F403
from .tf.tensor_pb2 import *  # noqa: F403
from .tf.tensor_shape_pb2 import *  # noqa: F403
from .tf.types_pb2 import *  # noqa: F403
