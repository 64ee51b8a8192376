import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";

const TRENDS = {
    up: {icon: "fa-arrow-up", word: _t("more")},
    down: {icon: "fa-arrow-down", word: _t("less")},
    same: {icon: "fa-arrows-h", word: _t("unchanged")},
};

/**
 * One figure, how it has changed and how it is computed. With records behind it, it is
 * a button that opens them.
 */
export class DunningDashboardTile extends Component {
    static template = "dunning_automation.DashboardTile";
    static props = {
        tile: Object,
        format: Function,
        open: Function,
        setTarget: {type: [Function, Boolean], optional: true},
    };

    get value() {
        const {value, unit} = this.props.tile;
        return value === null ? "–" : this.props.format(value, unit);
    }

    get hint() {
        return [this.props.tile.reason, this.props.tile.formula]
            .filter(Boolean)
            .join(" ");
    }

    get trend() {
        const {value, previous, better} = this.props.tile;
        if (value === null || previous === null || previous === undefined) {
            return null;
        }
        const direction = value > previous ? "up" : value < previous ? "down" : "same";
        const {icon, word} = TRENDS[direction];
        let color = "text-muted";
        if (better && direction !== "same") {
            color = direction === better ? "text-success" : "text-danger";
        }
        return {icon, word, color};
    }

    get target() {
        const {target, unit} = this.props.tile;
        if (!target) {
            return null;
        }
        const value = this.props.format(target.value, unit);
        if (target.is_met === null) {
            return {text: _t("Target: %s", value), color: "text-muted"};
        }
        return target.is_met
            ? {text: _t("Target: %s, met", value), color: "text-success"}
            : {text: _t("Target: %s, missed", value), color: "text-danger"};
    }

    get canSetTarget() {
        const {better, unit} = this.props.tile;
        return Boolean(this.props.setTarget && better && unit !== "count");
    }

    get targetLabel() {
        return _t("Set the target: %s", this.props.tile.title);
    }

    get previous() {
        const {previous, unit} = this.props.tile;
        return _t("before: %s", this.props.format(previous, unit));
    }
}
