from . import dunning_health
from . import dunning_portal
