{
    "name": "Dunning Automation Spreadsheet",
    "version": "19.0.1.0.0",
    "summary": "Collections in Odoo's Dashboards: what is due, what reminders bring",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation", "spreadsheet_dashboard"],
    "data": ["data/spreadsheet_dashboard_data.xml"],
    "auto_install": True,
}
