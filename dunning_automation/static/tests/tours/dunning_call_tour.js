import {registry} from "@web/core/registry";

const logCall = (label, note) => [
    {
        content: "log a call",
        trigger: "button[name=action_log_call]",
        run: "click",
    },
    {
        content: `what came of it: ${label}`,
        trigger: `.modal .o_field_widget[name=outcome] label:contains(${label})`,
        run: "click",
    },
    {
        content: "what was said",
        trigger: ".modal .o_field_widget[name=note] textarea",
        run: `edit ${note}`,
    },
    {
        content: "save",
        trigger: ".modal button[name=action_confirm]",
        run: "click",
    },
];

const openCase = {
    content: "open the case",
    trigger: ".o_data_row:contains(Tour debtor) .o_data_cell[name=partner_id]",
    run: "click",
};

registry.category("web_tour.tours").add("dunning_call", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        openCase,
        {
            content: "the call task waits",
            trigger: ".o-mail-Activity:contains(Call them)",
        },
        ...logCall("Voicemail", "Left a message"),
        {
            content: "back on the case",
            trigger: "body:not(:has(.modal))",
        },
        {
            content: "the call is counted",
            trigger: "button[name=action_open_calls]:contains(1)",
            run: "click",
        },
        {
            content: "it is listed with its outcome",
            trigger: ".o_data_row:contains(Left a message) .badge:contains(Voicemail)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_call_promised", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        openCase,
        ...logCall("Promised to pay", "On Friday"),
        {
            content: "the promise is asked for next",
            trigger: ".modal .o_field_widget[name=amount]",
        },
    ],
});
