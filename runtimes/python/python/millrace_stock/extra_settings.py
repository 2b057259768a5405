"""`parameters.extra` of a model's settings."""

import json
import os
from typing import Any, Dict, Iterable

from mlserver.settings import ModelSettings


def extra_of(settings: ModelSettings) -> Dict[str, Any]:
    """The author's own settings; empty where there are none."""
    parameters = settings.parameters
    return dict(getattr(parameters, "extra", None) or {})


def with_environment(extra: Dict[str, Any], prefix: str, names: Iterable[str]) -> Dict[str, Any]:
    """`extra`, and for names that it leaves out the variables `PREFIX_NAME`; JSON there is read as JSON."""
    found = dict(extra)
    for name in names:
        text = os.environ.get(prefix + name.upper())
        if name in found or text is None:
            continue
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
