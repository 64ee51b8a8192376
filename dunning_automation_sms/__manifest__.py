{
    "name": "Dunning Automation SMS",
    "version": "19.0.1.0.0",
    "summary": "Reminders as text messages, once each, to numbers that can take them",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation", "phone_validation", "sms"],
    "external_dependencies": {"python": ["phonenumbers"]},
    "data": [
        "data/sms_template_data.xml",
        "views/dunning_notice_views.xml",
        "views/dunning_policy_views.xml",
        "views/res_config_settings_views.xml",
        "views/res_partner_views.xml",
    ],
}
