from . import dunning_sms_test
