"""The floor of sending: `python -m benchmark.raw_sending DATABASE PORT COUNT SIZE`.

No Odoo: claim a row and commit, hand a finished message of `SIZE` bytes to the sink,
write the result and commit. The table has the columns and indexes of
``dunning_notice``.
"""

import json
import smtplib
import sys
import time
import uuid

import psycopg2

RESULT_MARK = "\x1eRESULT "

CLAIM = """
    UPDATE bench_notice
       SET state = 'claimed', fence = %s, attempt = attempt + 1,
           lease_until = NOW() + INTERVAL '5 minutes'
     WHERE id = (SELECT id
                   FROM bench_notice
                  WHERE state = 'ready'
                  ORDER BY not_before NULLS FIRST, id
                  LIMIT 1
                    FOR NO KEY UPDATE SKIP LOCKED)
 RETURNING id, email_to
"""
RESULT = """
    UPDATE bench_notice
       SET state = 'sent', date_sent = NOW(), lease_until = NULL
     WHERE id = %s AND state = 'claimed' AND fence = %s
"""


def send(connection, port: int, size: int) -> int:
    sent = 0
    cr = connection.cursor()
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        while row := _claim(cr, connection, fence := uuid.uuid4().hex):
            notice_id, to = row
            smtp.sendmail("billing@seller.example", [to], _message(to, size))
            cr.execute(RESULT, [notice_id, fence])
            connection.commit()
            sent += 1
    return sent


def _claim(cr, connection, fence: str):
    cr.execute(CLAIM, [fence])
    row = cr.fetchone()
    connection.commit()
    return row


def _message(to: str, size: int) -> bytes:
    head = (
        f"Subject: Reminder\r\nTo: {to}\r\nMessage-ID: <{uuid.uuid4()}@bench>\r\n\r\n"
    )
    line = "x" * 74 + "\r\n"
    return (head + line * max((size - len(head)) // len(line), 1)).encode()


def prepare(connection, count: int) -> None:
    cr = connection.cursor()
    cr.execute("DROP TABLE IF EXISTS bench_notice")
    cr.execute("CREATE TABLE bench_notice (LIKE dunning_notice INCLUDING ALL)")
    cr.execute(
        "INSERT INTO bench_notice SELECT * FROM dunning_notice WHERE state = 'sent' "
        "ORDER BY id LIMIT %s",
        [count],
    )
    cr.execute(
        "UPDATE bench_notice SET state = 'ready', attempt = 0, not_before = NULL, "
        "date_sent = NULL, lease_until = NULL"
    )
    connection.commit()


def main(database: str, port: str, count: str, size: str) -> None:
    connection = psycopg2.connect(dbname=database)
    prepare(connection, int(count))
    began = time.perf_counter()
    sent = send(connection, int(port), int(size))
    seconds = time.perf_counter() - began
    print(RESULT_MARK + json.dumps({"seconds": seconds, "messages": sent}))


if __name__ == "__main__":
    main(*sys.argv[1:])
