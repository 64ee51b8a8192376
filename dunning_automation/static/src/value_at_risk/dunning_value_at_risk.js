import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const LOOKS = {
    low: "text-bg-success",
    medium: "text-bg-warning",
    high: "text-bg-danger",
};

/** An amount in the colour of the customer's risk. */
export class DunningValueAtRisk extends Component {
    static template = "dunning_automation.ValueAtRisk";
    static props = {...standardFieldProps};

    get money() {
        const {data} = this.props.record;
        return formatMonetary(data[this.props.name], {
            currencyId: data.currency_id?.id,
        });
    }

    get look() {
        const {data} = this.props.record;
        return (data[this.props.name] && LOOKS[data.risk_band]) || "text-bg-300";
    }
}

registry.category("fields").add("dunning_value_at_risk", {
    component: DunningValueAtRisk,
    displayName: _t("Value at risk"),
    supportedTypes: ["monetary"],
    fieldDependencies: [
        {name: "currency_id", type: "many2one", relation: "res.currency"},
        {name: "risk_band", type: "selection", selection: []},
    ],
});
