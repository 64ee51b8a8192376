import {registry} from "@web/core/registry";

// A collector notes on the case that the customer pays on a day.
registry.category("web_tour.tours").add("dunning_promise", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        {
            content: "the case of the customer",
            trigger:
                ".o_data_row:contains(Tour customer) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "he promises",
            trigger: ".o_statusbar_buttons button[name=action_new_promise]",
            run: "click",
        },
        {
            content: "all he owes is proposed",
            trigger: ".modal .o_field_widget[name=move_line_ids] .o_data_row",
        },
        {
            content: "more than he owes is refused",
            trigger: ".modal .o_field_widget[name=amount] input",
            run: "edit 500",
        },
        {
            trigger: ".modal footer button:contains(Note Promise)",
            run: "click",
        },
        {
            content: "the message says what to do",
            trigger: ".o_error_dialog, .modal:contains(above what these items owe)",
        },
        {
            trigger: ".modal:contains(above what these items owe) footer .btn-primary",
            run: "click",
        },
        {
            content: "a part of it",
            trigger: ".modal .o_field_widget[name=amount] input",
            run: "edit 60",
        },
        {
            trigger: ".modal footer button:contains(Note Promise)",
            run: "click",
        },
        {
            content: "the case says that it is on hold",
            trigger: ".alert:contains(On hold until)",
        },
        {
            content: "and counts the promise",
            trigger: "button[name=action_open_promises] .o_stat_value:contains(1)",
            run: "click",
        },
        {
            content: "the list of promises",
            trigger: ".o_data_row:contains(Tour customer) .badge:contains(Open)",
        },
    ],
});
