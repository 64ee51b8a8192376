import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {browser} from "@web/core/browser/browser";
import {formatDateTime} from "@web/core/l10n/dates";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const REFRESH_MS = 30000;

const LOOKS = {
    ok: {icon: "fa-check-circle", color: "success", word: _t("In order")},
    warning: {
        icon: "fa-exclamation-triangle",
        color: "warning",
        word: _t("Look at it"),
    },
    danger: {icon: "fa-times-circle", color: "danger", word: _t("Needs help")},
};

const HEADLINES = {
    ok: _t("Reminders leave as planned"),
    warning: _t("Reminders leave, something needs a look"),
    danger: _t("Reminders do not leave as they should"),
};

/** Do reminders leave, and if not, why? Asks again every half minute. */
export class DunningHealth extends Component {
    static template = "dunning_automation.Health";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.looks = LOOKS;
        this.display = {controlPanel: {}};
        this.state = useState({health: null, error: null, loading: false, time: ""});
        onWillStart(() => {
            // The page appears at once, the figures follow.
            this.load();
        });
        this.timer = browser.setInterval(() => this.refresh(), REFRESH_MS);
        onWillUnmount(() => browser.clearInterval(this.timer));
    }

    get headline() {
        return HEADLINES[this.state.health.state];
    }

    /** A page that nobody sees asks nothing. */
    refresh() {
        if (document.visibilityState === "visible") {
            this.load();
        }
    }

    async load() {
        if (this.state.loading) {
            return;
        }
        this.state.loading = true;
        try {
            this.state.health = await this.orm.silent.call(
                "dunning.health",
                "get_health",
                [],
            );
            this.state.time = formatDateTime(luxon.DateTime.now(), {
                showSeconds: true,
            });
            this.state.error = null;
        } catch (error) {
            this.state.error = error.data?.message || error.message;
        } finally {
            this.state.loading = false;
        }
    }

    open(check) {
        this.action.doAction(check.action);
    }

    stop() {
        this.action.doAction("dunning_automation.dunning_stop_action", {
            onClose: () => void this.load(),
        });
    }

    resume() {
        this.ask(
            _t("Resume Reminders"),
            _t("Everything that is ready leaves, after a fresh look at the ledger."),
            () => ["res.company", "action_dunning_resume", [this.state.health.stopped]],
        );
    }

    activate() {
        this.ask(
            _t("Activate This Database"),
            _t(
                "This database becomes the only one that reminds your customers. Do not activate a test copy: they would hear everything again.",
            ),
            () => ["dunning.guard", "action_activate", []],
        );
    }

    ask(title, body, call) {
        this.dialog.add(ConfirmationDialog, {
            title,
            body,
            confirmLabel: title,
            confirm: async () => {
                await this.orm.call(...call());
                await this.load();
            },
            cancel: () => {},
        });
    }
}

registry.category("actions").add("dunning_health", DunningHealth);
