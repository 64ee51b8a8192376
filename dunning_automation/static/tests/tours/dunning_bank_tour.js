import {registry} from "@web/core/registry";

const BANNER = "div[name=possible_payment]";

const openCase = (name) => [
    {
        content: `open the case of ${name}`,
        trigger: `.o_data_row:contains(${name}) .o_data_cell[name=partner_id]`,
        run: "click",
    },
];

registry.category("web_tour.tours").add("dunning_bank", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        ...openCase("Tour payer"),
        {
            content: "the payment at the bank is seen",
            trigger: `${BANNER} .o_field_widget[name=possible_payment_note]:contains(100.00)`,
        },
        {
            content: "match it",
            trigger: `${BANNER} button[name=action_match_payment]`,
            run: "click",
        },
        {
            content: "nothing is left to decide",
            trigger: `.o_form_view:not(:has(${BANNER}))`,
        },
        {
            content: "back to the worklist",
            trigger: ".o_back_button, .breadcrumb-item.o_back_button a",
            run: "click",
        },
        ...openCase("Tour stranger"),
        {
            content: "this one paid something else",
            trigger: `${BANNER} button[name=action_dismiss_payment]`,
            run: "click",
        },
        {
            content: "reminders go on; that was a mistake",
            trigger:
                "div[name=dismissed_payment]:contains(100.00) button[name=action_restore_payment]",
            run: "click",
        },
        {
            content: "or was it none",
            trigger: `${BANNER} button[name=action_dismiss_payment]`,
            run: "click",
        },
        {
            content: "reminders go on",
            trigger: `.o_form_view:not(:has(${BANNER}))`,
        },
    ],
});
