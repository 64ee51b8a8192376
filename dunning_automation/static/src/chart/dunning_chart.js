import {Component, onWillStart, useEffect, useRef} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/**
 * Told apart whatever the eyes: by hue for the colour-blind, by lightness in grey (of
 * the palette by Okabe and Ito).
 */
const COLORS = ["#0072B2", "#E69F00", "#56B4E9", "#D55E00"];

/**
 * A chart of figures that the server computed: ``{type, labels, datasets: [{label,
 * data}]}``. The same figures stand in a table for those who do not see it.
 */
export class DunningChart extends Component {
    static template = "dunning_automation.Chart";
    static props = {...standardFieldProps};

    setup() {
        this.canvasRef = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => {
                if (!this.hasData) {
                    return;
                }
                const chart = new Chart(this.canvasRef.el, this.config);
                return () => chart.destroy();
            },
            () => [JSON.stringify(this.value)],
        );
    }

    get value() {
        return this.props.record.data[this.props.name] || {labels: [], datasets: []};
    }

    get hasData() {
        return this.value.labels.length > 0;
    }

    get config() {
        const {type, labels, datasets} = this.value;
        return {
            type,
            data: {
                labels,
                datasets: datasets.map((dataset, index) => ({
                    ...dataset,
                    backgroundColor: COLORS[index % COLORS.length],
                    borderRadius: 2,
                })),
            },
            options: {
                maintainAspectRatio: false,
                animation: false,
                plugins: {legend: {display: datasets.length > 1, position: "bottom"}},
                scales: {
                    x: {grid: {display: false}},
                    y: {beginAtZero: true, ticks: {precision: 0}},
                },
            },
        };
    }
}

registry.category("fields").add("dunning_chart", {
    component: DunningChart,
    displayName: _t("Chart"),
    supportedTypes: ["json"],
});
