import {Component, onWillUnmount} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {browser} from "@web/core/browser/browser";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

const INTERVAL = 2000;
const WORKING = ["queued", "running"];

/** How far a replay is; asks again until it is done. */
export class DunningReplayProgress extends Component {
    static template = "dunning_automation.ReplayProgress";
    static props = {...standardFieldProps};

    setup() {
        const timer = browser.setInterval(() => this.refresh(), INTERVAL);
        onWillUnmount(() => browser.clearInterval(timer));
    }

    get percent() {
        return Math.round(this.props.record.data[this.props.name]);
    }

    async refresh() {
        if (WORKING.includes(this.props.record.data.state)) {
            await this.props.record.load();
        }
    }
}

registry.category("fields").add("dunning_replay_progress", {
    component: DunningReplayProgress,
    displayName: _t("Progress of a replay"),
    supportedTypes: ["float"],
    fieldDependencies: [{name: "state", type: "selection"}],
});
