import {registry} from "@web/core/registry";

const openCase = (name) => [
    {
        content: `open the case of ${name}`,
        trigger: `.o_data_row:contains(${name}) .o_data_cell[name=partner_id]`,
        run: "click",
    },
];

registry.category("web_tour.tours").add("dunning_reply", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        ...openCase("Tour promiser"),
        {
            content: "read what the customer wrote, without what he quoted",
            trigger:
                "div[name=open_reply] .o_field_widget[name=open_reply_text]:contains(We will pay on Friday)",
        },
        {
            content: "the suggestion says why",
            trigger:
                "div[name=open_reply] .o_field_widget[name=open_reply_explanation]:contains(will pay)",
        },
        {
            content: "note the promise",
            trigger: "div[name=open_reply] .btn-primary:contains(Promise)",
            run: "click",
        },
        {
            content: "the day is filled in",
            trigger: ".modal .o_field_widget[name=date]",
        },
        {
            content: "save",
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "nothing waits on this case any more",
            trigger: ".o_form_view:not(:has(.modal)):not(:has(div[name=open_reply]))",
        },
        {
            content: "all answers",
            trigger: ".o_menu_sections button:contains(Collections)",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .dropdown-item:contains(Answers)",
            run: "click",
        },
        {
            content: "the other one waits",
            trigger:
                ".o_data_row:contains(Tour thanker) .o_data_cell[name=suggestion]:contains(Read it)",
            run: "click",
        },
        {
            content: "open its case",
            trigger: "button[name=action_open_case]",
            run: "click",
        },
        {
            content: "nothing follows",
            trigger: "div[name=open_reply] .btn-primary:contains(Nothing to Do)",
            run: "click",
        },
        {
            content: "read",
            trigger: ".o_form_view:not(:has(div[name=open_reply]))",
        },
    ],
});
