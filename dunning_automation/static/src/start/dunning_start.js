import {Component, onWillStart, useRef, useState} from "@odoo/owl";
import {ConfirmationDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const STEP_LOOKS = {
    done: {icon: "fa-check-circle", color: "success", word: _t("Done")},
    skipped: {icon: "fa-minus-circle", color: "secondary", word: _t("Skipped")},
    todo: {icon: "fa-circle-thin", color: "secondary", word: _t("To do")},
};

const FINDING_LOOKS = {
    danger: {icon: "fa-times-circle", color: "danger", word: _t("Mend first")},
    warning: {
        icon: "fa-exclamation-triangle",
        color: "warning",
        word: _t("Look at it"),
    },
    info: {icon: "fa-info-circle", color: "info", word: _t("Good to know")},
    ok: {icon: "fa-check-circle", color: "success", word: _t("In order")},
};

/** From the installation to reminders that leave by themselves, step by step. */
export class DunningStart extends Component {
    static template = "dunning_automation.Start";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.dialog = useService("dialog");
        this.findingsTitle = useRef("findings");
        this.stepLooks = STEP_LOOKS;
        this.findingLooks = FINDING_LOOKS;
        this.display = {controlPanel: {}};
        this.state = useState({start: null, findings: null, error: null});
        onWillStart(() => {
            // The page appears at once, the steps follow, and then the figures.
            this.load();
        });
    }

    get steps() {
        return this.state.start.steps;
    }

    get settled() {
        return this.steps.filter((step) => step.state !== "todo").length;
    }

    get next() {
        return this.steps.find((step) => step.state === "todo");
    }

    get found() {
        return this.state.findings.filter((finding) => finding.count);
    }

    get inOrder() {
        return this.state.findings.filter((finding) => !finding.count);
    }

    get mustLook() {
        const step = this.steps.find((candidate) => candidate.code === "data");
        return this.state.start.can_tick && step.state === "todo";
    }

    get errorText() {
        return _t("The page could not be read: %s", this.state.error);
    }

    get settledText() {
        return _t("%(company)s: %(settled)s of %(count)s steps settled", {
            company: this.state.start.company,
            settled: this.settled,
            count: this.steps.length,
        });
    }

    get inOrderText() {
        return _t("Checks in order: %s", this.inOrder.length);
    }

    fixLabel({can_fix: canFix, title}) {
        return canFix ? _t("Fix: %s", title) : _t("Show: %s", title);
    }

    skipLabel(step) {
        return _t("Skip: %s", step.title);
    }

    undoLabel(step) {
        return _t("Undo: %s", step.title);
    }

    async load() {
        try {
            this.state.start = await this.orm.silent.call(
                "dunning.start",
                "get_start",
                [],
            );
            this.state.findings = await this.orm.silent.call(
                "dunning.data.quality",
                "get_findings",
                [],
            );
            this.state.error = null;
        } catch (error) {
            this.state.error = error.data?.message || error.message;
        }
    }

    go(step) {
        if (step.action) {
            this.action.doAction(step.action, {onClose: () => void this.load()});
        } else {
            this.findingsTitle.el.scrollIntoView({behavior: "smooth"});
            this.findingsTitle.el.focus({preventScroll: true});
        }
    }

    async tick(code) {
        await this.orm.call("dunning.start.mark", "action_tick", [code]);
        await this.load();
    }

    async untick(code) {
        await this.orm.call("dunning.start.mark", "action_untick", [code]);
        await this.load();
    }

    open(finding) {
        this.action.doAction(finding.action);
    }

    mend(finding) {
        this.dialog.add(ConfirmationDialog, {
            title: finding.title,
            body: _t("%(button)s (%(count)s records)", {
                button: finding.bulk.label,
                count: finding.count,
            }),
            confirmLabel: finding.bulk.label,
            confirm: async () => {
                await this.orm.call("dunning.data.quality", finding.bulk.method, []);
                await this.load();
            },
            cancel: () => {},
        });
    }
}

registry.category("actions").add("dunning_start", DunningStart);
