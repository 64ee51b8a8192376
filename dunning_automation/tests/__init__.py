from . import (
    test_planner_grouping,
    test_planner_stops,
    test_planner_timing,
    test_recipient,
)
from . import test_tours
