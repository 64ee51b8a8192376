"""A choice that is random over many keys and always the same for one."""

import hashlib
import math


def choose(weights, key):
    """The option of ``key``, chosen in proportion to the weights.

    Each option draws a lot for the key and the best lot wins (weighted rendezvous
    hashing). So an option that is added or removed changes the choice only of the keys
    that it wins or had won.

    >>> choose({"a": 1, "b": 1}, "customer 1") == choose({"b": 1, "a": 1}, "customer 1")
    True
    >>> keys = [f"customer {number}" for number in range(1000)]
    >>> chosen = [choose({"a": 3, "b": 1}, key) for key in keys]
    >>> 700 < chosen.count("a") < 800
    True
    >>> more = [choose({"a": 3, "b": 1, "c": 1}, key) for key in keys]
    >>> all(new in (old, "c") for old, new in zip(chosen, more))
    True

    :param dict weights: {option: positive weight}, not empty
    """

    def lot(option):
        digest = hashlib.sha256(f"{option}|{key}".encode()).digest()
        uniform = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 2)
        return -weights[option] / math.log(uniform)

    return max(sorted(weights, key=str), key=lot)
