import json

from odoo.tests import HttpCase, tagged

from odoo.addons.dunning_automation.tests.common import DunningCommon
from odoo.addons.spreadsheet.utils.validate_data import (
    fields_in_spreadsheet,
    menus_xml_ids_in_spreadsheet,
)

DASHBOARD = "dunning_automation_spreadsheet.spreadsheet_dashboard_collections"
READ_CELLS = """
    (async () => {
        const pause = () => new Promise((resolve) => setTimeout(resolve, 200));
        const loader = () =>
            window.odoo?.__WOWL_DEBUG__?.root?.env.services
                .spreadsheet_dashboard_loader;
        const cells = (model) =>
            model.getters.getSheetIds().flatMap((sheet) =>
                Object.values(model.getters.getEvaluatedCells(sheet)));
        const shown = () => loader()?.getActiveDashboard();
        while (shown()?.status !== "Loaded") await pause();
        const {model} = shown();
        model.dispatch("SET_GLOBAL_FILTER_VALUE", {id: "period", value: undefined});
        await pause();
        while (cells(model).some((cell) => /loading/i.test(cell.formattedValue))) {
            await pause();
        }
        const wrong = cells(model).filter((cell) => cell.type === "error");
        const texts = cells(model).map((cell) => cell.formattedValue);
        const missing = EXPECTED.filter((text) => !texts.includes(text));
        if (wrong.length || missing.length) {
            console.error(JSON.stringify([wrong.slice(0, 5), missing, texts]));
        } else {
            console.log("test successful");
        }
    })();
"""


@tagged("post_install", "-at_install")
class TestSpreadsheetDashboard(DunningCommon, HttpCase):
    def setUp(self):
        super().setUp()
        self.dashboard = self.env.ref(DASHBOARD).sudo()
        self.collector = self.new_user("ann", "dunning_automation.group_user")

    def test_it_names_only_what_exists(self):
        data = json.loads(self.dashboard.spreadsheet_data)
        for model, names in fields_in_spreadsheet(data).items():
            for name in names:
                path = name.split(".")[0]
                self.assertIn(path, self.env[model]._fields, f"{model}.{name}")
        for menu in menus_xml_ids_in_spreadsheet(data):
            self.assertTrue(self.env.ref(menu, raise_if_not_found=False), menu)

    def test_only_collections_users_see_it(self):
        salesperson = self.new_user("sam", "sales_team.group_sale_salesman")
        for user, sees in ((self.collector, True), (salesperson, False)):
            seen = self.env["spreadsheet.dashboard"].with_user(user).search([])
            self.assertEqual(self.dashboard in seen, sees, user.login)

    def test_its_figures(self):
        """Two messages, one paid in time; in the browser, without one broken cell."""
        invoices = self.invoices(
            [{"partner": customer} for customer in self._create_customers(2)]
        )
        self.run_on()
        self.send()
        self.pay(invoices[0])
        self.travel(20)
        self.env.flush_all()
        # Paid in 14 days: one of two; level; largest case.
        expected = ["50%", self.level(1).display_name, invoices[1].partner_id.name]
        self.browser_js(
            f"/odoo/dashboards?dashboard_id={self.dashboard.id}",
            READ_CELLS.replace("EXPECTED", json.dumps(expected)),
            login="ann",
            timeout=120,
        )
