import {Component, onWillStart} from "@odoo/owl";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const UNITS = {
    money: _t("Amount in the company's currency"),
    days: _t("Days"),
    percent: _t("Percent"),
    count: _t("Number"),
};

const BETTER = {
    up: _t("More is better."),
    down: _t("Less is better."),
};

/** What each figure of the dashboard means, and how it is computed. */
export class DunningDefinitions extends Component {
    static template = "dunning_automation.Definitions";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.display = {controlPanel: {}};
        this.units = UNITS;
        this.better = BETTER;
        onWillStart(async () => {
            this.figures = await this.orm.call(
                "dunning.dashboard",
                "get_definitions",
                [],
            );
        });
    }
}

registry.category("actions").add("dunning_automation.definitions", DunningDefinitions);
