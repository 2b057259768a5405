"""Where `func_main.py` lies, and what else of its folder Python is to find."""

import os
from typing import List, NamedTuple

from millrace_host.adapter import ServingError

#: Paths of the function's file below the model's folder, in the order they are looked for.
PLACES = ("files/src/func_main.py", "src/func_main.py", "func_main.py")


class ModelFolder(NamedTuple):
    file: str
    #: What a model image has as `/model`.
    root: str
    #: What a model image has as `/model/files`, and as its working directory.
    files: str

    @property
    def source(self) -> str:
        return os.path.dirname(self.file)

    def import_paths(self, generation: str) -> List[str]:
        """Folders to import from, the first one first."""
        if generation == "G3":
            candidates = [self.source, os.path.join(self.source, "lib"), self.root]
        else:
            candidates = [self.source, os.path.join(self.root, "lib")]
        return [path for path in candidates if os.path.isdir(path)]


def find_folder(path: str) -> ModelFolder:
    """The layout of a model's folder, of what was uploaded as one, or of the file alone.

    Raises ServingError FAILED_PRECONDITION if there is no `func_main.py`.
    """
    if os.path.isfile(path):
        path = os.path.dirname(path)
    for place in PLACES:
        file = os.path.join(path, *place.split("/"))
        if os.path.isfile(file):
            files = os.path.join(path, "files") if place.startswith("files/") else path
            return ModelFolder(file, path, files)
    raise ServingError("FAILED_PRECONDITION", f"there is no func_main.py in {path}; looked for {', '.join(PLACES)}")
