"""Where things are."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
SETUP = CHECKOUT / "setup"

# Big, the same for every checkout, costs time to fetch again.
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "dunning_automation"
)

# This checkout's own data; git-ignored, may be deleted while no setup command runs.
LOCAL = CHECKOUT / ".local"
LOGS = LOCAL / "log"
MAIL = LOCAL / "mail"
