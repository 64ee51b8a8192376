import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** The last payments of a customer, and how many days they came late. */
export class DunningPayments extends Component {
    static template = "dunning_automation.Payments";
    static props = {...standardFieldProps};

    setup() {
        this.action = useService("action");
    }

    get rows() {
        const {data} = this.props.record;
        const currencyId = data.currency_id?.id;
        return (data[this.props.name] || []).map((row) => ({
            ...row,
            money: formatMonetary(row.amount, {currencyId}),
            look: this.look(row.days_late),
        }));
    }

    look(daysLate) {
        if (daysLate <= 0) {
            return "text-bg-success";
        }
        return daysLate > 30 ? "text-bg-danger" : "text-bg-warning";
    }

    open(moveId) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "account.move",
            res_id: moveId,
            views: [[false, "form"]],
        });
    }
}

registry.category("fields").add("dunning_payments", {
    component: DunningPayments,
    displayName: _t("Payments"),
    supportedTypes: ["json"],
    fieldDependencies: [
        {name: "currency_id", type: "many2one", relation: "res.currency"},
    ],
});
