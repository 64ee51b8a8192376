"""What fills the demo database: the demo ledger, or a receivables export.

`demo_ledger.build` and `csv_ledger.load` write through the ORM (`books.py`);
`demo_plan.py`, `csv_ledger.read` and what they use need no Odoo at all.
"""
