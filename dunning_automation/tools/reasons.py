"""The vocabulary of decisions: what was decided for an open line, and why.

Stored codes. The labels are what an accountant reads on invoice and customer.
"""

OUTCOMES = [
    ("remind", "Reminded"),
    ("wait", "Waiting"),
    ("hold", "On hold"),
    ("unreachable", "Unreachable"),
    ("settled", "Settled"),
]

REASONS = [
    # remind
    ("level_reached", "A notice is planned for the level reached"),
    ("simulated", "Would be reminded: the policy only simulates"),
    # wait
    ("not_reached", "No level is reached yet"),
    ("next_level", "Reminded, the next level is not reached yet"),
    ("last_level", "All levels are done: the collector takes over"),
    ("min_interval", "Too soon after the last message to this customer"),
    ("awaiting_approval", "A notice to this customer waits for approval"),
    ("in_progress", "A notice to this customer is on its way"),
    ("delivery_unknown", "It is unknown whether the last notice arrived"),
    ("delivery_failed", "The last notice failed: correct it and retry, or cancel it"),
    ("below_minimum", "Below the minimum amount"),
    ("item_grace", "Within the days of grace of the invoice"),
    ("account_grace", "Within the days of grace of the customer"),
    ("max_level", "The invoice may not climb any further"),
    # wait, a notice that is ready
    ("quiet_hours", "Quiet hours of the customer"),
    ("quiet_day", "A day on which the customer hears nothing"),
    ("holiday", "A public holiday of the customer"),
    ("contact_cap", "The customer heard from us often enough"),
    ("cooldown", "Too soon after a talk with the customer"),
    # hold
    ("no_partner", "The entry has no customer"),
    ("no_policy", "No policy applies"),
    ("before_start", "Due before the policy's start date"),
    ("control_group", "In the control group, which hears nothing"),
    ("no_followup", "Excluded from follow-ups"),
    ("blocked", "The invoice is blocked"),
    ("in_payment", "A payment is being processed"),
    ("paid", "Paid or settled"),
    ("reversed", "Reversed by a credit note"),
    ("legacy", "Managed by the legacy invoicing application"),
    ("payment_in_process", "A registered payment is in process"),
    ("transaction_pending", "An online payment is pending"),
    ("possible_payment", "A payment at the bank that is not matched yet may cover it"),
    ("covered_by_credit", "Open credits of the customer cover it"),
    ("hold_manual", "Put on hold"),
    ("hold_dispute", "Disputed"),
    ("hold_promise", "The customer promised to pay"),
    ("hold_plan", "A payment plan is kept"),
    ("hold_recovery", "A payment that was refused is being recovered"),
    ("hold_legal", "With a lawyer or collection agency"),
    ("hold_contact", "An answer of the customer waits for a person"),
    # unreachable
    ("no_email", "No e-mail address"),
    ("invalid_email", "The e-mail address is invalid"),
    ("opted_out", "The address does not want messages"),
    ("channel_opted_out", "The customer does not want to hear from us this way"),
    ("bounced", "Messages to the address came back"),
    ("no_postal_address", "The postal address is incomplete"),
    ("no_phone", "No phone number"),
    ("no_portal_user", "Nobody of the customer has a portal account"),
    # another channel is used
    ("preferred_channel", "The customer prefers this channel"),
    # at sending
    ("courtesy_lapsed", "The due date has passed: a courtesy is too late"),
    # settled
    ("not_posted", "The entry is not posted any more"),
]
