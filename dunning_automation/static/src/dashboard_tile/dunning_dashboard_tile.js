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
    static props = {tile: Object, format: Function, open: Function};

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

    get previous() {
        const {previous, unit} = this.props.tile;
        return _t("before: %s", this.props.format(previous, unit));
    }
}
