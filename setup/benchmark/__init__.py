"""`setup/bench`: ours, the addon of the OCA and the floor, side by side.

`main`, `machine` and `report` are standard library and start the others, which run in
processes of their own inside the environment: `in_odoo` (the steps that need Odoo's
ORM: `ledger`, `planning`, `sending`, `audit`, `worklist`, `dashboard`,
`workers`), `raw_sending` (no Odoo) and `sink`.
"""
