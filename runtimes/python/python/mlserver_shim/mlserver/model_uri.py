"""`mlserver.utils`: where a model's artefact is."""

import os
import uuid
from typing import List, Optional
from urllib.parse import urlparse

from .errors import InvalidModelURI
from .settings import ModelSettings


async def get_model_uri(settings: ModelSettings, wellknown_filenames: Optional[List[str]] = None) -> str:
    """The file of `parameters.uri`, or in a folder the first well-known file that is there, else the folder.

    A URI of another scheme than `file` comes back as it is. Raises InvalidModelURI if there is nothing.
    """
    uri = settings.parameters.uri if settings.parameters is not None else None
    if not uri:
        raise InvalidModelURI(settings.name)
    parsed = urlparse(uri)
    if parsed.scheme not in ("", "file"):
        return uri
    path = to_absolute_path(settings, parsed.netloc + parsed.path if parsed.scheme else uri)
    if os.path.isfile(path):
        return path
    if not os.path.isdir(path):
        raise InvalidModelURI(settings.name, path)
    for name in wellknown_filenames or []:
        candidate = os.path.join(path, name)
        if os.path.isfile(candidate):
            return candidate
    return path


def to_absolute_path(settings: ModelSettings, uri: str) -> str:
    source = settings._source
    return os.path.normpath(os.path.join(os.path.dirname(source), uri)) if source else uri


def generate_uuid() -> str:
    return str(uuid.uuid4())
