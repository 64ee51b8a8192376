from . import (
    test_phone_numbers,
    test_res_partner,
    test_gateway,
    test_sms,
    test_sms_recipients,
    test_tools,
)
