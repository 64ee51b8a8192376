{
    "name": "Dunning Automation Snailmail",
    "version": "19.0.1.0.0",
    "summary": "Letters of reminders are printed and posted by Odoo's Snailmail",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation", "snailmail"],
    "data": ["views/res_config_settings_views.xml"],
    "auto_install": True,
}
