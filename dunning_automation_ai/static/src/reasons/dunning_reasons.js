import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useService} from "@web/core/utils/hooks";

/** What speaks for a chance of late payment: parts that add up to it, with a link to the
 * invoices behind each. */
export class DunningReasons extends Component {
    static template = "dunning_automation_ai.Reasons";
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get reasons() {
        return this.props.record.data[this.props.name] || [];
    }

    get total() {
        return this.reasons.reduce((sum, reason) => sum + reason.points, 0);
    }

    get predictionId() {
        const {record} = this.props;
        return record.resModel === "dunning.prediction"
            ? record.resId
            : record.data.dunning_prediction_id?.id;
    }

    signed(reason) {
        const sign = reason.points > 0 && reason.code !== "base" ? "+" : "";
        return `${sign}${reason.points}`;
    }

    look(reason) {
        if (reason.code === "base") {
            return "text-muted";
        }
        return reason.points > 0 ? "text-danger" : "text-success";
    }

    async open(reason) {
        const action = await this.orm.call("dunning.prediction", "action_open_reason", [
            [this.predictionId],
            reason.code,
        ]);
        this.action.doAction(action);
    }
}

registry.category("fields").add("dunning_reasons", {
    component: DunningReasons,
    displayName: _t("Reasons of a prediction"),
    supportedTypes: ["json"],
});
