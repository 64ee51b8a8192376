from . import dunning_account
from . import dunning_dashboard
from . import dunning_dashboard_ledger
from . import dunning_data_quality
from . import dunning_health
from . import dunning_recovery_analysis
from . import dunning_start
from . import dunning_weekly
