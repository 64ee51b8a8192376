from . import dunning_notice
from . import res_company
from . import res_config_settings
from . import snailmail_letter
