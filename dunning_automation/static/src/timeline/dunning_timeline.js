import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** What happened with a customer, the newest first. */
export class DunningTimeline extends Component {
    static template = "dunning_automation.Timeline";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get items() {
        const {data} = this.props.record;
        const currencyId = data.currency_id?.id;
        return (data[this.props.name] || []).map((item) => ({
            ...item,
            money: item.amount ? formatMonetary(item.amount, {currencyId}) : "",
        }));
    }

    open(item) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: item.model,
            res_id: item.id,
            views: [[false, "form"]],
        });
    }

    async openAll() {
        const {resModel, resId} = this.props.record;
        const action = await this.orm.call(resModel, "action_open_timeline", [[resId]]);
        await this.action.doAction(action);
    }
}

registry.category("fields").add("dunning_timeline", {
    component: DunningTimeline,
    displayName: _t("Timeline"),
    supportedTypes: ["json"],
    fieldDependencies: [
        {name: "currency_id", type: "many2one", relation: "res.currency"},
    ],
});
