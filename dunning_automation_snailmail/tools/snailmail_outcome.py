"""What Snailmail's answer, or the lack of one, says about a letter.

Accepted, refused, not reached, or unknown: it may lie in the post already, so it is
never sent again by itself.
"""

import requests

SENT, RETRY, FAILED, UNKNOWN = "sent", "retry", "failed", "unknown"
REFUSALS = {
    "ATTACHMENT_ERROR",
    "CREDIT_ERROR",
    "FORMAT_ERROR",
    "MISSING_REQUIRED_FIELDS",
    "NO_PRICE_AVAILABLE",
    "TRIAL_ERROR",
}
"""Codes that say that nothing was printed."""
NOT_REACHED = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError")


def of_answer(answer):
    """``(outcome, code)`` of the answer about one letter; the code is the number of
    the letter if it was accepted, or why not.

    >>> def answer(document, **values):
    ...     result = {"request_code": 200, "request": {"documents": [document]}}
    ...     return {"result": result | values}
    >>> of_answer(answer({"sent": True, "send_id": 7}))
    ('sent', 7)
    >>> of_answer(answer({"error": "NO_PRICE_AVAILABLE"}))
    ('failed', 'NO_PRICE_AVAILABLE')
    >>> of_answer(answer({}, request_code=402, reason="CREDIT_ERROR"))
    ('failed', 'CREDIT_ERROR')
    >>> no_credit = "odoo.addons.iap.tools.iap_tools.InsufficientCreditError"
    >>> of_answer({"error": {"data": {"name": no_credit}}})
    ('failed', 'CREDIT_ERROR')
    >>> of_answer(answer({})), of_answer({"error": {"data": {"name": "Crash"}}})
    (('unknown', None), ('unknown', None))
    >>> of_answer(None), of_answer({"result": []}), of_answer("OK")
    (('unknown', None), ('unknown', None), ('unknown', None))
    """
    try:
        if "error" in answer:
            name = answer["error"]["data"]["name"].rpartition(".")[2]
            no_credit = name == "InsufficientCreditError"
            return (FAILED, "CREDIT_ERROR") if no_credit else (UNKNOWN, None)
        result = answer["result"]
        [document] = result["request"]["documents"]
        if result["request_code"] != 200:
            code = result.get("reason")
        elif document.get("sent"):
            return SENT, document.get("send_id")
        else:
            code = document.get("error")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return UNKNOWN, None
    return (FAILED if code in REFUSALS else UNKNOWN), code


def of_error(error):
    """Outcome of an exception of ``requests``.

    >>> of_error(requests.exceptions.ReadTimeout())
    'unknown'
    >>> of_error(requests.exceptions.ConnectTimeout())
    'retry'
    >>> of_error(requests.exceptions.MissingSchema("no https://"))
    'failed'
    >>> answer = requests.Response()
    >>> answer.status_code = 403
    >>> of_error(requests.exceptions.HTTPError(response=answer))
    'failed'
    >>> answer.status_code = 502
    >>> of_error(requests.exceptions.HTTPError(response=answer))
    'unknown'
    >>> of_error(requests.exceptions.ConnectionError("reset")), of_error(None)
    ('unknown', 'unknown')
    """
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return RETRY
    if isinstance(error, requests.exceptions.ConnectionError):
        cause = getattr(error.args[0] if error.args else None, "reason", None)
        return RETRY if type(cause).__name__ in NOT_REACHED else UNKNOWN
    if isinstance(error, requests.exceptions.HTTPError):
        return FAILED if 400 <= error.response.status_code < 500 else UNKNOWN
    wrong_address = (
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
    )
    return FAILED if isinstance(error, wrong_address) else UNKNOWN
