from . import (
    test_credit_hold,
    test_portal,
)
