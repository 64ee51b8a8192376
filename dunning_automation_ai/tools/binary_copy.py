"""PostgreSQL's binary COPY of columns that are all double precision and never NULL."""

import numpy as np

HEADER = 19
TRAILER = 2


def read(data, columns):
    """The rows as an array.

    >>> import struct
    >>> row = struct.pack(">hidid", 2, 8, 1.5, 8, float("nan"))
    >>> read(b"\\0" * 19 + row + b"\\xff\\xff", 2).tolist()
    [[1.5, nan]]
    >>> read(b"\\0" * 19 + b"\\xff\\xff", 2).shape
    (0, 2)

    :param data: bytes
    :raise ValueError: when a row is not of so many numbers
    """
    row = np.dtype(
        [("number", ">i2"), ("fields", [("size", ">i4"), ("value", ">f8")], (columns,))]
    )
    rows = np.frombuffer(
        data, row, (len(data) - HEADER - TRAILER) // row.itemsize, HEADER
    )
    if not ((rows["number"] == columns).all() and (rows["fields"]["size"] == 8).all()):
        raise ValueError("These are other columns.")
    return rows["fields"]["value"].astype(float)
