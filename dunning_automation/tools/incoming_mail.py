"""What ``dunning.reply`` knows of a mail before it is posted."""

from typing import Any, NamedTuple


class IncomingMail(NamedTuple):
    case: Any
    notice: Any
    message_id: str
    subject: str
    text: str
    email_from: str
    sender: str
    is_family: bool
    is_automatic: bool
    is_forged: bool
    suggestion: Any = None
    """A ``Suggestion``, if the customer chose what he wants to say."""

    @property
    def is_person(self):
        """Whether somebody of the customer's company wrote it himself."""
        return self.is_family and not self.is_automatic
