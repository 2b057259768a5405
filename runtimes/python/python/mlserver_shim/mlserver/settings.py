"""A model's settings, as its `model-settings.json` has them."""

import importlib
from typing import Any, Optional

from .types.record import REQUIRED, Record, list_of
from .types.values import MetadataTensor, read_text


class ModelParameters(Record):
    FIELDS = {
        "uri": (None, None),
        "version": (None, None),
        "environment_path": (None, None),
        "environment_tarball": (None, None),
        "inference_pool_gid": (None, None),
        "autogenerate_inference_pool_gid": (False, None),
        "format": (None, None),
        "content_type": (None, None),
        "extra": (dict, None),
    }
    KEEPS_OTHERS = True


class ModelSettings(Record):
    FIELDS = {
        "name": ("", read_text),
        "platform": ("", read_text),
        "versions": (list, list_of(read_text)),
        "inputs": (list, list_of(MetadataTensor.read)),
        "outputs": (list, list_of(MetadataTensor.read)),
        "parallel_workers": (None, None),
        "warm_workers": (False, None),
        "max_batch_size": (0, None),
        "max_batch_time": (0.0, None),
        "cache_enabled": (False, None),
        "parameters": (None, ModelParameters.read),
    }

    #: Where the settings came from, if that is a file.
    _source: Optional[str] = None

    def __init__(self, implementation: Any = REQUIRED, implementation_: Any = REQUIRED, **given: Any) -> None:
        chosen = implementation_ if implementation is REQUIRED else implementation
        if chosen is REQUIRED:
            raise ValueError("ModelSettings: field 'implementation' is required")
        super().__init__(**given)
        self.implementation_ = chosen if isinstance(chosen, str) else f"{chosen.__module__}.{chosen.__qualname__}"
        self._class = None if isinstance(chosen, str) else chosen

    @property
    def implementation(self) -> Any:
        """The class itself."""
        if self._class is None:
            module, _, name = self.implementation_.rpartition(".")
            self._class = getattr(importlib.import_module(module), name)
        return self._class

    @property
    def version(self) -> Optional[str]:
        return None if self.parameters is None else self.parameters.version


class Settings(Record):
    """The server's own settings are not known in here; what is given is kept."""

    KEEPS_OTHERS = True
