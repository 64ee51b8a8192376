import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const openMenu = (name) => [
    {
        content: "open the Collections menu",
        trigger: ".o_menu_sections button:contains(Collections)",
        run: "click",
    },
    {
        content: `choose ${name}`,
        trigger: `.o-dropdown--menu .dropdown-item:contains(${name})`,
        run: "click",
    },
];

registry.category("web_tour.tours").add("dunning_review_and_approve", {
    url: "/odoo/dunning-policies",
    steps: () => [
        {
            content: "open the standard policy",
            trigger: ".o_data_row:contains(Tour policy) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "let a manager approve",
            trigger: ".o_field_widget[name=mode] input[data-value=review]",
            run: "click",
        },
        ...stepUtils.saveForm(),
        ...openMenu("Runs"),
        {
            content: "new run",
            trigger: ".o_last_breadcrumb_item:contains(Runs)",
        },
        {
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "start it",
            trigger: "button[name=action_start]",
            run: "click",
        },
        {
            content: "what was decided is shown with its reason",
            trigger: ".o_field_widget[name=counters_html] td:contains(Reminded)",
        },
        {
            content: "look at the notices",
            trigger: "button[name=action_open_notices]",
            run: "click",
        },
        {
            content: "they wait",
            trigger: ".o_data_row:contains(Tour customer) .badge:contains(To Approve)",
        },
        {
            content: "open the notice",
            trigger:
                ".o_data_row:contains(Tour customer) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "read the message",
            trigger: ".nav-link[name=text]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=subject]:contains(payment reminder)",
        },
        {
            content: "approve it",
            trigger: "button[name=action_approve]",
            run: "click",
        },
        {
            content: "the sender takes it from here",
            trigger: ".o_arrow_button_current:contains(Ready)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_see_sent", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        {
            content: "the case of the customer",
            trigger:
                ".o_data_row:contains(Tour customer) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "the message as it was sent",
            trigger: ".o-mail-Message:contains(payment reminder)",
        },
        {
            trigger: "button[name=action_open_notices]",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains(Tour customer) .badge:contains(Sent)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_stop", {
    url: "/odoo/dunning-health",
    steps: () => [
        {
            content: "nobody stopped the reminders",
            trigger: "[data-check=stopped][data-state=ok]",
        },
        {
            content: "this is a manager's",
            trigger: ".o_dunning_health:not(:has(button[name=resume]))",
        },
        {
            content: "stop",
            trigger: ".o_dunning_health button[name=stop]",
            run: "click",
        },
        {
            content: "say why",
            trigger: ".modal .o_field_widget[name=reason] input",
            run: "edit Wrong bank account",
        },
        {
            content: "confirm",
            trigger: ".modal button[name=action_confirm]",
            run: "click",
        },
        {
            content: "everybody sees why nothing leaves",
            trigger: "[data-check=stopped][data-state=danger]:contains(Wrong bank)",
        },
        {
            content: "only a manager resumes",
            trigger: ".o_dunning_health:not(:has(button[name=resume]))",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_resume", {
    url: "/odoo/dunning-health",
    steps: () => [
        {
            content: "resume",
            trigger: ".o_dunning_health button[name=resume]",
            run: "click",
        },
        {
            content: "confirm",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "reminders may leave again",
            trigger: "[data-check=stopped][data-state=ok]",
        },
    ],
});
