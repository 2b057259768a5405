"""The version of MLServer's interface that this subset follows."""

__version__ = "1.7.1"
