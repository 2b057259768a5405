"""Started by the server as `python FOLDER/millrace_host DESCRIPTOR`; the descriptor is one end of a socket."""

import json
import os
import sys

# The folder of this file is no place to import from; the one above it is.
sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

VERSION_MIN = (3, 9)


def refuse(descriptor: int, text: str) -> None:
    """Tells the server why nothing can run here, with what every interpreter has."""
    header = json.dumps(["FAILED_PRECONDITION", text, None, None]).encode()
    head = b"".join(number.to_bytes(4, "little") for number in (36, 0, len(header), 0))
    os.write(descriptor, head + header + bytes(-len(header) % 8))
    sys.exit(78)


def start() -> None:
    descriptor = int(sys.argv[1])
    sys.argv = sys.argv[:1]
    if sys.version_info < VERSION_MIN:
        refuse(descriptor, "%s is Python %s; 3.9 or newer is needed" % (sys.executable, sys.version.split()[0]))
    try:
        import numpy  # noqa: F401
    except ImportError as error:
        message = "%s cannot import numpy, which serving needs: %s; install it there, or choose another Python with %s"
        refuse(descriptor, message % (sys.executable, error, "parameters.extra.python or MILLRACE_PYTHON"))
    from millrace_host.program import run

    run(descriptor)


if __name__ == "__main__":
    start()
