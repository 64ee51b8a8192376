from . import dunning_account
from . import dunning_health
from . import dunning_portal
