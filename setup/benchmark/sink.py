"""A mail server that only counts: `python -m benchmark.sink`, inside the environment.

Prints its port. For each line on its input it prints what arrived since the last one,
as JSON, and starts over; it ends when its input closes.
"""

import json
import re
import sys

from installer.smtp_sink import start

MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Counter:
    def __init__(self):
        self.ids, self.recipients, self.bytes = [], set(), 0

    async def handle_DATA(self, server, session, envelope) -> str:
        content = envelope.original_content
        self.ids.append(MESSAGE_ID.search(content)[1])
        self.recipients.update(envelope.rcpt_tos)
        self.bytes += len(content)
        return "250 OK"

    def take(self) -> dict:
        arrived = {
            "messages": len(self.ids),
            "distinct": len(set(self.ids)),
            "recipients": len(self.recipients),
            "bytes": self.bytes,
        }
        self.__init__()
        return arrived


def main() -> None:
    counter = Counter()
    running = start(counter)
    print(running.port, flush=True)
    for _line in sys.stdin:
        print(json.dumps(counter.take()), flush=True)
    running.stop()


if __name__ == "__main__":
    main()
