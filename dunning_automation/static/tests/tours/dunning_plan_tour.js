import {registry} from "@web/core/registry";

// A collector proposes instalments, a manager approves them.
registry.category("web_tour.tours").add("dunning_plan", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        {
            content: "the case of the customer",
            trigger:
                ".o_data_row:contains(Tour customer) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "he asks for instalments",
            trigger: ".o_statusbar_buttons button[name=action_new_plan]",
            run: "click",
        },
        {
            content: "three are proposed",
            trigger:
                ".modal .o_field_widget[name=line_ids] .o_data_row:nth-child(3):contains(33.33)",
        },
        {
            content: "two are enough",
            trigger: ".modal .o_field_widget[name=instalment_count] input",
            run: "edit 2 && press Tab",
        },
        {
            trigger:
                ".modal .o_field_widget[name=line_ids] .o_data_row:nth-child(2):contains(50.00)",
        },
        {
            trigger: ".modal footer button[name=action_confirm]",
            run: "click",
        },
        {
            content: "on hold while it waits",
            trigger: ".alert:contains(On hold until)",
        },
        {
            trigger: "button[name=action_open_plans]",
            run: "click",
        },
        {
            content: "a manager must approve",
            trigger: ".o_data_row:contains(Tour customer) .badge:contains(To Approve)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_plan_approve", {
    url: "/odoo/dunning-plans",
    steps: () => [
        {
            trigger:
                ".o_data_row:contains(Tour customer) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            trigger: "button[name=action_approve]",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current:contains(Active)",
        },
        {
            content: "write to the customer what was agreed",
            trigger: "button[name=action_send]",
            run: "click",
        },
        {
            trigger: ".modal button.o_mail_send",
            run: "click",
        },
        {
            content: "the chatter keeps it",
            trigger: ".o-mail-Message:contains(We have agreed that you pay)",
        },
    ],
});
