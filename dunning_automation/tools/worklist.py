"""Which case a collector works on first, and what a timeline shows."""

DUE, ANSWER, REST, WAITING = 1, 2, 3, 4
"""Ranks of the worklist: a promise is due or was just broken; an answer waits; by value
at risk; nothing to do until a hold ends or a payment arrives."""

FRESH_DAYS = 3
"""A promise broken on Friday is Monday's work."""

WAITING_REASONS = (
    "covered_by_credit",
    "hold_dispute",
    "hold_legal",
    "hold_manual",
    "hold_plan",
    "hold_promise",
    "hold_recovery",
    "in_payment",
    "payment_in_process",
    "possible_payment",
    "transaction_pending",
)
"""Decisions under which a collector has nothing to say to the customer."""


LOOKS = {
    "case_opened": ("fa-folder-open-o", "info"),
    "case_closed": ("fa-folder-o", "success"),
    "notice_planned": ("fa-clock-o", "muted"),
    "notice_ready": ("fa-thumbs-o-up", "muted"),
    "notice_sent": ("fa-paper-plane-o", "info"),
    "notice_delivered": ("fa-check", "success"),
    "notice_suppressed": ("fa-hand-paper-o", "muted"),
    "notice_failed": ("fa-exclamation-triangle", "danger"),
    "notice_unknown": ("fa-question-circle-o", "warning"),
    "notice_cancelled": ("fa-ban", "muted"),
    "line_skipped": ("fa-eraser", "muted"),
    "address_missing": ("fa-address-card-o", "warning"),
    "evidence_exported": ("fa-download", "muted"),
    "hold_set": ("fa-pause-circle-o", "warning"),
    "hold_released": ("fa-play-circle-o", "info"),
    "hold_expired": ("fa-play-circle-o", "muted"),
    "promise_made": ("fa-handshake-o", "info"),
    "promise_kept": ("fa-handshake-o", "success"),
    "promise_partially_kept": ("fa-handshake-o", "warning"),
    "promise_broken": ("fa-chain-broken", "danger"),
    "promise_cancelled": ("fa-handshake-o", "muted"),
    "dispute_opened": ("fa-gavel", "warning"),
    "dispute_accepted": ("fa-gavel", "success"),
    "dispute_rejected": ("fa-gavel", "danger"),
    "plan_proposed": ("fa-calendar-o", "warning"),
    "plan_agreed": ("fa-calendar-check-o", "info"),
    "plan_kept": ("fa-calendar-check-o", "success"),
    "plan_broken": ("fa-calendar-times-o", "danger"),
    "plan_cancelled": ("fa-calendar-times-o", "muted"),
    "recovery_failed": ("fa-credit-card", "danger"),
    "recovery_open": ("fa-repeat", "muted"),
    "recovery_charging": ("fa-credit-card", "muted"),
    "recovery_customer": ("fa-user-o", "warning"),
    "recovery_unknown": ("fa-question-circle-o", "warning"),
    "recovery_recovered": ("fa-credit-card", "success"),
    "recovery_ended": ("fa-credit-card", "danger"),
    "call_logged": ("fa-phone", "info"),
    "reply_received": ("fa-reply", "warning"),
    "reply_handled": ("fa-reply", "muted"),
    "fallback_used": ("fa-random", "warning"),
    "step_timed_out": ("fa-hourglass-end", "warning"),
    "letter_printed": ("fa-print", "muted"),
    "letter_posted": ("fa-envelope-o", "info"),
    "escalated": ("fa-level-up", "danger"),
    "collector_assigned": ("fa-user-o", "muted"),
    "credit_hold_set": ("fa-lock", "danger"),
    "credit_hold_released": ("fa-unlock", "success"),
    "handed_over": ("fa-briefcase", "danger"),
    "charges_booked": ("fa-percent", "info"),
    "charges_failed": ("fa-percent", "danger"),
    "charges_released": ("fa-percent", "muted"),
    "put_off": ("fa-moon-o", "muted"),
    "courtesy_overridden": ("fa-moon-o", "warning"),
    "optout_set": ("fa-bell-slash-o", "warning"),
    "optout_withdrawn": ("fa-bell-o", "info"),
    "message_opened": ("fa-envelope-open-o", "muted"),
    "account_opened": ("fa-eye", "info"),
    "paid_online": ("fa-credit-card", "success"),
    "invoice_paid": ("fa-money", "success"),
    "language_chosen": ("fa-language", "info"),
    "channel_preferred": ("fa-comments-o", "info"),
    "links_revoked": ("fa-chain-broken", "warning"),
    "payment_matched": ("fa-link", "success"),
    "payment_dismissed": ("fa-chain-broken", "muted"),
    "payment_restored": ("fa-undo", "muted"),
    "payment": ("fa-money", "success"),
}
HIDDEN = ("notice_claimed",)
"""Steps of the machine that tell a person nothing."""


def look(kind):
    """Icon and colour of an event in the timeline.

    >>> look("promise_broken")
    ('fa-chain-broken', 'danger')
    >>> look("something new")
    ('fa-circle-o', 'muted')
    """
    return LOOKS.get(kind, ("fa-circle-o", "muted"))
