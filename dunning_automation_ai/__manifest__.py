{
    "name": "Dunning Automation AI",
    "version": "19.0.1.0.0",
    "summary": "Measure how good payment predictions are (no predictions yet)",
    "category": "Accounting/Accounting",
    "author": "Dunning Automation contributors",
    "license": "LGPL-3",
    "depends": ["dunning_automation"],
    "external_dependencies": {"python": ["scikit-learn"]},
}
