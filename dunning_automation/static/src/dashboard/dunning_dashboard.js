import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {deserializeDate, formatDate, serializeDate} from "@web/core/l10n/dates";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {DunningChart} from "../chart/dunning_chart";
import {DunningDashboardTile} from "../dashboard_tile/dunning_dashboard_tile";
import {KeepLast} from "@web/core/utils/concurrency";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatFloat} from "@web/core/utils/numbers";
import {formatMonetary} from "@web/views/fields/formatters";
import {pick} from "@web/core/utils/objects";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useDebounced} from "@web/core/utils/timing";
import {useSetupAction} from "@web/search/action_hook";
import {useService} from "@web/core/utils/hooks";

const PERIODS = {
    1: _t("1 month"),
    3: _t("3 months"),
    6: _t("6 months"),
    12: _t("12 months"),
};

/** Payments may come one after the other: the page is read again when they pause. */
const PAUSE_MS = 2000;

const CHARTS = [
    ["aging", _t("Aging by risk")],
    ["cash", _t("Cash in, weeks until the day")],
    ["dso", _t("DSO, 13 months")],
    ["cei", _t("Collection effectiveness, 13 months")],
    ["funnel", _t("Reminded and paid within 30 days")],
    ["channels", _t("Messages by channel")],
];

/** What is owed, what is at risk, what happened and what waits, on one page. */
export class DunningDashboard extends Component {
    static template = "dunning_automation.Dashboard";
    static components = {
        DateTimeInput,
        Dropdown,
        DropdownItem,
        DunningChart,
        DunningDashboardTile,
        Layout,
    };
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.bus = useService("bus_service");
        this.display = {controlPanel: {}};
        this.keepLast = new KeepLast();
        this.state = useState({
            figures: null,
            debtors: null,
            check: null,
            error: null,
            loading: false,
            filters: this.props.state?.filters || {},
        });
        useSetupAction({getLocalState: () => ({filters: this.state.filters})});
        this.format = this.format.bind(this);
        this.open = this.open.bind(this);
        this.setTarget = this.setTarget.bind(this);
        this.follow = this.follow.bind(this);
        this.loadSoon = useDebounced(() => this.load(), PAUSE_MS);
        this.bus.subscribe("dunning_dashboard", this.follow);
        onWillUnmount(() => this.bus.unsubscribe("dunning_dashboard", this.follow));
        onWillStart(() => {
            // The page appears at once, the figures follow.
            this.load();
        });
    }

    /** @param {boolean} isFresh whether something was booked, or may have been */
    async load(isFresh = true) {
        // Until a check was read, whatever is chosen meanwhile.
        this.isFresh ||= Boolean(isFresh);
        this.state.loading = true;
        try {
            this.state.figures = await this.read("get_figures", {complete: false});
            this.state.error = null;
            this.complete();
        } catch (error) {
            this.fail(error);
        }
        this.state.loading = false;
    }

    /**
     * What reads each customer, or the whole ledger, and for which nobody waits. Other
     * customers and another period have the same check.
     */
    async complete() {
        const {
            company_id: company,
            date,
            currency_id: currency,
        } = this.state.figures.filters;
        const asked = `${company} ${date} ${currency}`;
        if (this.state.check?.asked !== asked) {
            this.state.check = null;
        }
        try {
            this.state.debtors = await this.read("get_debtors");
            if (!this.state.check || this.isFresh) {
                this.state.check = {asked, ...(await this.read("get_check"))};
                this.isFresh = false;
            }
        } catch (error) {
            this.fail(error);
        }
    }

    /** What the filters ask for; an answer that comes after other filters is lost. */
    read(method, options = {}) {
        return this.keepLast.add(
            this.orm.silent.call("dunning.dashboard", method, [], {
                filters: this.state.filters,
                ...options,
            }),
        );
    }

    fail(error) {
        this.state.error = error.data?.message || error.message;
    }

    /** Managers make the sums anew, if they were spoilt outside of Odoo. */
    async rebuild() {
        await this.orm.call("dunning.dashboard.sum", "action_rebuild", []);
        await this.load();
    }

    /** A run of a company has ended, or something was paid. */
    follow({company_id: companyId}) {
        if (this.state.figures?.filters.company_id === companyId) {
            this.loadSoon();
        }
    }

    choose(name, value) {
        this.state.filters = {...this.state.filters, [name]: value};
        this.state.debtors = null;
        this.load(false);
    }

    chooseCompany(id) {
        // Policies and collectors are those of a company.
        const kept = pick(this.state.filters, "date", "months");
        this.state.filters = {...kept, company_id: id};
        this.load();
    }

    chooseDate(date) {
        this.choose("date", date ? serializeDate(date) : null);
    }

    /** What was chosen, though its figures may not be there yet. */
    get filters() {
        return {...this.state.figures.filters, ...this.state.filters};
    }

    get date() {
        return deserializeDate(this.filters.date || this.state.figures.filters.date);
    }

    get today() {
        return luxon.DateTime.now();
    }

    get periods() {
        return Object.entries(PERIODS).map(([months, name]) => ({
            id: Number(months),
            name,
        }));
    }

    /** The menus of the control panel: what is chosen, and from what. */
    get menus() {
        const {options} = this.state.figures;
        const menus = options.map(({name, every, choices}) => ({
            name,
            choices: every ? [{id: null, name: every}, ...choices] : choices,
            choose: (id) =>
                name === "company_id" ? this.chooseCompany(id) : this.choose(name, id),
        }));
        menus.splice(1, 0, {
            name: "months",
            choices: this.periods,
            choose: (id) => this.choose("months", id),
        });
        return menus
            .filter((menu) => menu.choices.length > 1)
            .map((menu) => ({
                ...menu,
                chosen:
                    menu.choices.find(
                        (choice) => choice.id === this.filters[menu.name],
                    ) || menu.choices[0],
            }));
    }

    get charts() {
        return CHARTS.map(([code, title]) => {
            const value = this.state.figures.charts[code];
            return {
                code,
                title,
                value,
                isEmpty: !value.datasets.some(({data}) => data.some(Boolean)),
                format: (number) => this.format(number, value.unit),
            };
        });
    }

    get isEmpty() {
        return !this.state.figures.tiles.some(({value}) => value);
    }

    get work() {
        return [...this.state.figures.work, ...(this.state.check?.findings || [])];
    }

    get checkText() {
        const {check, error} = this.state;
        if (!check) {
            return error ? "" : _t("Checking whether the figures add up…");
        }
        if (check.reconciles) {
            return _t(
                "Reconciles: the aging of all customers is the balance of the receivable accounts.",
            );
        }
        return _t(
            "Does not reconcile: the aging of all customers, the open amounts of their items and the balance of the receivable accounts differ by %s.",
            this.format(check.difference, "money"),
        );
    }

    /** What explains why the balance is another one than what is open. */
    get outside() {
        return (this.state.check?.rows || [])
            .filter((row) => row.outside)
            .map(({outside, action}) => ({
                action,
                text: _t(
                    "%s of the balance is matched with entries that are not posted, or of another company or currency.",
                    this.format(-outside, "money"),
                ),
            }));
    }

    get checkLook() {
        const {check, error} = this.state;
        if (!check) {
            return {text: "text-muted", icon: error ? "" : "fa-spinner fa-spin"};
        }
        return check.reconciles
            ? {text: "text-success", icon: "fa-check-circle"}
            : {text: "text-danger", icon: "fa-times-circle"};
    }

    get asOf() {
        return _t(
            "As of %s",
            formatDate(deserializeDate(this.state.figures.filters.date)),
        );
    }

    format(number, unit) {
        if (number === null) {
            return "–";
        }
        switch (unit) {
            case "money":
                return formatMonetary(number, {
                    currencyId: this.state.figures.currency_id,
                });
            case "days":
                return _t("%s days", formatFloat(number, {digits: [0, 1]}));
            case "percent":
                return `${formatFloat(number, {digits: [0, 1]})} %`;
        }
        return formatFloat(number, {digits: [0, 0]});
    }

    open({name, model, domain, tag}) {
        if (tag) {
            return this.action.doAction(tag);
        }
        return this.action.doAction({
            type: "ir.actions.act_window",
            name: `${name}`,
            res_model: model,
            domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
            context: {
                create: false,
                // Journal items without the panel of accounts.
                ...(model === "account.move.line" && {
                    search_view_ref: "dunning_automation.dunning_data_line_view_search",
                }),
            },
        });
    }

    setTarget({code, target}) {
        return this.action.doAction(
            {
                type: "ir.actions.act_window",
                name: _t("Target"),
                res_model: "dunning.dashboard.target",
                res_id: target.id,
                views: [[false, "form"]],
                target: "new",
                context: {
                    default_code: code,
                    default_company_id: this.state.figures.filters.company_id,
                },
            },
            {onClose: () => void this.load()},
        );
    }

    define() {
        return this.action.doAction(
            "dunning_automation.dunning_dashboard_definitions_action",
        );
    }

    print() {
        window.print();
    }

    /** The weekly report as PDF, for the filters in force. */
    async printReport() {
        const action = await this.orm.call("dunning.dashboard", "action_print", [], {
            filters: this.state.filters,
        });
        return this.action.doAction(action);
    }
}

registry.category("actions").add("dunning_automation.dashboard", DunningDashboard);
