import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/** Leads a manager from the installation to a policy and to a run that sends nothing. */
registry.category("web_tour.tours").add("dunning_automation_tour", {
    url: "/odoo/dunning-start",
    steps: () => [
        {
            trigger: "[data-step=policy] button[name=go]",
            content: _t("Begin with a policy: it says who is reminded, when and how."),
            tooltipPosition: "left",
            run: "click",
        },
        {
            trigger: ".modal .o_dunning_policy_card:first",
            content: _t("Each card shows its ladder. Take the one that is like you."),
            tooltipPosition: "right",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_create_policy]",
            content: _t("It starts in review: nothing leaves without you."),
            tooltipPosition: "right",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=level_ids]",
            isActive: ["auto"],
        },
        {
            trigger: ".o_back_button, .breadcrumb-item a",
            content: _t("Days, texts and channels can be changed here. Now go back."),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: "[data-step=simulation] button[name=go]",
            content: _t("Try it on your invoices: a simulation sends nothing."),
            tooltipPosition: "left",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name=action_start]",
            content: _t("Start, then read who would hear what."),
            tooltipPosition: "bottom",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_arrow_button_current[data-value=done]",
            isActive: ["auto"],
        },
    ],
});
