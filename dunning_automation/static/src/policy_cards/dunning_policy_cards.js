import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const ICONS = {
    activity: "fa-tasks",
    email: "fa-envelope-o",
    letter: "fa-file-text-o",
    notification: "fa-bell-o",
    phone: "fa-phone",
    portal: "fa-globe",
};

const COLORS = {
    courtesy: "text-bg-success",
    friendly: "text-bg-info",
    firm: "text-bg-warning",
    final: "text-bg-danger",
    handover: "text-bg-dark",
};

let nextId = 0;

/** Ready-made policies to choose from, each with its ladder in small. */
export class DunningPolicyCards extends Component {
    static template = "dunning_automation.PolicyCards";
    static props = {...standardFieldProps};

    setup() {
        this.id = `dunning_policy_cards_${nextId++}`;
    }

    get cards() {
        return this.props.record.data.cards || [];
    }

    get chosen() {
        return this.props.record.data[this.props.name];
    }

    color(rung) {
        return COLORS[rung.tone];
    }

    icon(channel) {
        return ICONS[channel] || "fa-circle-o";
    }

    days(rung) {
        return rung.days > 0 ? `+${rung.days}` : `${rung.days}`.replace("-", "−");
    }

    hint(rung) {
        return _t("Day %(day)s: %(name)s (%(channels)s)", {
            day: this.days(rung),
            name: rung.name,
            channels: rung.words,
        });
    }

    choose(code) {
        this.props.record.update({[this.props.name]: code});
    }
}

registry.category("fields").add("dunning_policy_cards", {
    component: DunningPolicyCards,
    displayName: _t("Ready-made policies"),
    supportedTypes: ["selection"],
    fieldDependencies: [{name: "cards", type: "json"}],
});
