from . import base_partner_merge_automatic_wizard
from . import dunning_erasure
from . import dunning_evidence
from . import dunning_letter_download
from . import dunning_notice_skip
from . import dunning_run_discard
from . import dunning_stop
