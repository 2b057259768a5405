"""The logger that models share; what it writes goes to the model's log."""

import logging

logger = logging.getLogger("mlserver")


def get_logger() -> logging.Logger:
    return logger
