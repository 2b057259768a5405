"""Datatypes and profiles: numbers by name."""

DATA_TYPES = {
    "DT_INVALID": 0,
    "DT_FLOAT": 1,
    "DT_DOUBLE": 2,
    "DT_INT32": 3,
    "DT_UINT8": 4,
    "DT_INT16": 5,
    "DT_INT8": 6,
    "DT_STRING": 7,
    "DT_COMPLEX64": 8,
    "DT_INT64": 9,
    "DT_BOOL": 10,
    "DT_QINT8": 11,
    "DT_QUINT8": 12,
    "DT_QINT32": 13,
    "DT_BFLOAT16": 14,
    "DT_QINT16": 15,
    "DT_QUINT16": 16,
    "DT_UINT16": 17,
    "DT_COMPLEX128": 18,
    "DT_HALF": 19,
    "DT_RESOURCE": 20,
    "DT_VARIANT": 21,
    "DT_UINT32": 22,
    "DT_UINT64": 23,
    "DT_ANY": 24,
    "DT_MAP": 27,
}

#: Those that only the first two generations have, and the one that only the third has.
OLD_ONLY = {"DT_BFLOAT16", "DT_RESOURCE", "DT_VARIANT"}
NEW_ONLY = {"DT_ANY"}

PROFILES = {
    "NONE": 0,
    "CATEGORICAL": 1,
    "NUMERICAL": 2,
    "IMAGE": 3,
    "VIDEO": 4,
    "AUDIO": 5,
    "TEXT": 6,
    "NOMINAL": 11,
    "ORDINAL": 12,
    "CONTINUOUS": 21,
    "INTERVAL": 22,
    "RATIO": 23,
}
