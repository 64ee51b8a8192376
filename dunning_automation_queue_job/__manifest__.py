{
    "name": "Dunning Automation Queue Job",
    "version": "19.0.1.0.0",
    "summary": "Reminders leave as jobs of the OCA's job queue",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation", "queue_job"],
    "data": ["data/queue_job_function_data.xml"],
    "auto_install": True,
}
