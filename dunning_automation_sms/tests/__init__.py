from . import (
    test_answers,
    test_automated_calls,
    test_phone_numbers,
    test_res_partner,
    test_gateway,
    test_limits,
    test_sms,
    test_sms_recipients,
    test_tools,
    test_webhook,
    test_webhook_http,
)
