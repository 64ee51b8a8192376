import {Component, onWillStart, useEffect, useRef} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/**
 * Told apart whatever the eyes: by hue for the colour-blind, by lightness in grey (of
 * the palette by Okabe and Ito).
 */
const COLORS = ["#0072B2", "#E69F00", "#D55E00", "#56B4E9"];

/**
 * A chart of figures that the server computed: ``{type, labels, datasets: [{label,
 * data}], stacked}``; a dataset may have another type. The same figures stand in a table
 * for those who do not see it.
 */
export class DunningChart extends Component {
    static template = "dunning_automation.Chart";
    static props = {
        value: Object,
        label: {type: String, optional: true},
        format: {type: Function, optional: true},
    };

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
            () => [JSON.stringify(this.props.value)],
        );
    }

    get label() {
        return this.props.label || _t("Chart of the figures below");
    }

    get hasData() {
        return this.props.value.labels.length > 0;
    }

    get config() {
        const {type, labels, datasets, stacked} = this.props.value;
        const format = this.props.format || ((number) => number);
        // In light and in dark: the colour of the text around it.
        const {color} = getComputedStyle(this.canvasRef.el);
        const grid = {color: "rgba(128, 128, 128, 0.25)"};
        return {
            type,
            data: {
                labels,
                datasets: datasets.map((dataset, index) => ({
                    ...dataset,
                    backgroundColor: COLORS[index % COLORS.length],
                    borderColor: COLORS[index % COLORS.length],
                    borderRadius: 2,
                    maxBarThickness: 64,
                    borderWidth: (dataset.type || type) === "line" ? 2 : 0,
                    spanGaps: false,
                })),
            },
            options: {
                maintainAspectRatio: false,
                animation: false,
                plugins: {
                    legend: {
                        display: datasets.length > 1,
                        position: "bottom",
                        labels: {color, boxWidth: 12},
                    },
                    tooltip: {
                        callbacks: {
                            label: ({dataset, raw}) =>
                                `${dataset.label}: ${format(raw)}`,
                        },
                    },
                },
                scales: {
                    x: {stacked, grid: {display: false}, ticks: {color}},
                    y: {
                        stacked,
                        grid,
                        beginAtZero: true,
                        ticks: {color, precision: 0, maxTicksLimit: 6},
                    },
                },
            },
        };
    }
}

/** The same in a form. */
export class DunningChartField extends Component {
    static template = "dunning_automation.ChartField";
    static components = {DunningChart};
    static props = {...standardFieldProps};

    get value() {
        return this.props.record.data[this.props.name] || {labels: [], datasets: []};
    }
}

registry.category("fields").add("dunning_chart", {
    component: DunningChartField,
    displayName: _t("Chart"),
    supportedTypes: ["json"],
});
