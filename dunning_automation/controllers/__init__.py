from . import dunning_account
from . import dunning_account_answer
from . import dunning_account_payment
from . import dunning_account_method
from . import dunning_account_preference
from . import dunning_health
from . import dunning_portal
from . import dunning_tracking
