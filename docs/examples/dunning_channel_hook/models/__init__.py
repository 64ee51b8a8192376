from . import dunning_action
from . import dunning_ledger
from . import dunning_notice
