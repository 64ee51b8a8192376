{
    "name": "Dunning Channel Hook",
    "version": "19.0.1.0.0",
    "summary": "Reminders through another program, by HTTP: an example",
    "category": "Accounting/Accounting",
    "license": "LGPL-3",
    "author": "Dunning Automation contributors",
    "depends": ["dunning_automation"],
    "data": ["views/dunning_action_views.xml"],
}
