from . import dunning_sms_test
from . import sms_template_preview
