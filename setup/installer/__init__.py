"""How a bare machine becomes an Odoo 19 with our addons.

Standard library only, because it runs before anything is installed. The exceptions say so
in their first line: `smtp_sink`, `in_odoo` and `log_gate` run inside the environment that
the others make.
"""
