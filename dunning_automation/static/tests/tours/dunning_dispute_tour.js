import {registry} from "@web/core/registry";

// A collector opens a dispute from the case and accepts it.
registry.category("web_tour.tours").add("dunning_dispute", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        {
            content: "the case of the customer",
            trigger:
                ".o_data_row:contains(Tour customer) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "he contests the invoice",
            trigger: ".o_statusbar_buttons button[name=action_new_dispute]",
            run: "click",
        },
        {
            content: "what he says",
            trigger: ".modal .o_field_widget[name=description] textarea",
            run: "edit The goods never came",
        },
        {
            trigger: ".modal footer button:contains(Open Dispute)",
            run: "click",
        },
        {
            content: "the invoice pauses",
            trigger: ".alert:contains(On hold until)",
        },
        {
            trigger: "button[name=action_open_disputes]",
            run: "click",
        },
        {
            content: "open it",
            trigger: ".o_data_row:contains(Tour customer) .o_data_cell[name=reason_id]",
            run: "click",
        },
        {
            content: "he is right",
            trigger: "button[name=action_accept]",
            run: "click",
        },
        {
            content: "the draft credit note opens",
            trigger: ".o_form_view .o_arrow_button_current:contains(Draft)",
        },
        {
            content: "back to the dispute",
            trigger: ".o_back_button",
            run: "click",
        },
        {
            trigger: ".o_arrow_button_current:contains(Accepted)",
        },
        {
            trigger: "button[name=action_open_refunds] .o_stat_value:contains(1)",
        },
    ],
});
