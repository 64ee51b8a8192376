"""How a bare machine becomes an Odoo 19 with our addons.

Standard library only, because it runs before anything is installed. Exceptions, which
run inside the environment that the others make: `browser`, `in_odoo`, `log_gate`,
`server` and `smtp_sink`.
"""
