import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatMonetary} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

const LABELS = {
    not_due: _t("Not due"),
    "1_30": _t("1–30 days"),
    "31_60": _t("31–60 days"),
    "61_90": _t("61–90 days"),
    over_90: _t("Over 90 days"),
};

/** What a customer owes, by how long it has been due; each part opens its items. */
export class DunningAging extends Component {
    static template = "dunning_automation.Aging";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get parts() {
        const {data} = this.props.record;
        const currencyId = data.currency_id?.id;
        return (data[this.props.name] || []).map((part) => ({
            ...part,
            label: LABELS[part.name],
            money: formatMonetary(part.amount, {currencyId}),
        }));
    }

    async open(part) {
        const {resModel, resId} = this.props.record;
        const action = await this.orm.call(resModel, "action_open_aging", [
            [resId],
            part.name,
        ]);
        await this.action.doAction(action);
    }
}

registry.category("fields").add("dunning_aging", {
    component: DunningAging,
    displayName: _t("Aging bar"),
    supportedTypes: ["json"],
    fieldDependencies: [
        {name: "currency_id", type: "many2one", relation: "res.currency"},
    ],
});
