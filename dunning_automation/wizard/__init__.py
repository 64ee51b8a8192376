from . import dunning_notice_skip
