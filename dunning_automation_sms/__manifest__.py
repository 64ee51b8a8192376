{
    "name": "Dunning Automation SMS",
    "version": "19.0.1.0.0",
    "summary": "Find the number that can take a text message (no sending yet)",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation", "phone_validation", "sms"],
    "external_dependencies": {"python": ["phonenumbers"]},
}
