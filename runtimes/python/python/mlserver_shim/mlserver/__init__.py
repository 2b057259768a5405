"""The part of MLServer's Python interface that model classes use, for interpreters without `mlserver` itself.

What is not here raises ImportError or AttributeError when it is used; `pip install mlserver` brings the whole.
"""

import sys

from . import handlers, model_uri
from .metrics import log, register
from .model import MLModel
from .settings import ModelSettings, Settings
from .version import __version__

# Code imports these by the names of MLServer's own files as well.
sys.modules[__name__ + ".utils"] = model_uri
sys.modules[__name__ + ".handlers.custom"] = handlers
utils = model_uri

__all__ = ["MLModel", "ModelSettings", "Settings", "__version__", "log", "register"]
