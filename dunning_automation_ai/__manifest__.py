{
    "name": "Dunning Automation AI",
    "version": "19.0.1.0.0",
    "summary": "Measure on your ledger how well payments can be predicted",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation"],
    "external_dependencies": {"python": ["scikit-learn"]},
}
