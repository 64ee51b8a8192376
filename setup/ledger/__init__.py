"""What fills the demo database: the demo ledger, or a receivables export.

`demo_ledger.build` and `csv_ledger.load` write through the ORM (`books.py`);
`demo_plan.py`, `csv_ledger.read` and what they use need no Odoo at all.
"""

from pathlib import Path

# How a receivables file is read is the addon's: its pure modules are found here, too,
# without the addon, which would need Odoo.
__path__.append(str(Path(__file__).parents[2] / "dunning_automation" / "tools"))
