"""Who takes part in a pilot, and who in a control group: drawn once, for good.

Each debtor draws a number from 0 to 99.99 per policy and purpose. Whoever draws less
than the share takes part. The number depends on nothing but the two ids, so it is the
same in every run and on every host, and a share that is raised adds people without
exchanging any.
"""

from hashlib import md5

PILOT, CONTROL = "pilot", "control"
STEPS = 10_000
"""A share counts in hundredths of a percent."""


def draw(purpose, policy_id, partner_id):
    """The number of a debtor, from 0 to 99.99 (percent).

    >>> draw(PILOT, 1, 7), draw(CONTROL, 1, 7), draw(PILOT, 2, 7)
    (72.6, 76.98, 80.77)
    >>> 0 <= draw(CONTROL, 3, 4) < 100
    True
    """
    key = f"{purpose}/{policy_id}/{partner_id}".encode()
    number = int(md5(key, usedforsecurity=False).hexdigest()[:7], 16)
    return number % STEPS / 100


def takes_part(purpose, policy_id, partner_id, share):
    """Whether a debtor belongs to the ``share`` (percent) of a policy.

    >>> takes_part(PILOT, 1, 7, 100), takes_part(PILOT, 1, 7, 0)
    (True, False)
    >>> takes_part(PILOT, 1, 7, 72.6), takes_part(PILOT, 1, 7, 72.61)
    (False, True)
    """
    return draw(purpose, policy_id, partner_id) < share
