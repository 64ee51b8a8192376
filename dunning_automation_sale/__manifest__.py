{
    "name": "Dunning Automation Sale",
    "version": "19.0.1.0.0",
    "summary": "Credit holds warn on new sale orders, or block them",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation", "sale"],
    "data": [
        "security/ir.model.access.csv",
        "security/dunning_automation_sale_security.xml",
        "wizard/dunning_sale_release_views.xml",
        "views/sale_order_views.xml",
        "views/sale_portal_templates.xml",
    ],
    "auto_install": True,
}
