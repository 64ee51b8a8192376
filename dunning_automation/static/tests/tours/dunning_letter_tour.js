import {registry} from "@web/core/registry";

const row = (name) => `.o_data_row:contains(${name})`;

registry.category("web_tour.tours").add("dunning_letter", {
    url: "/odoo/dunning-letters",
    steps: () => [
        {
            content: "the letters wait",
            trigger: `${row("Letter 1")} .badge:contains(Ready)`,
        },
        {
            content: "take all of them",
            trigger: "thead .o_list_record_selector input",
            run: "click",
        },
        {
            content: "print the pile",
            trigger: "button[name=action_print_letters]",
            run: "click",
        },
        {
            content: "who paid meanwhile is not in it",
            trigger: ".o_notification:contains(Left out: 1)",
        },
        {
            content: "they are printed",
            trigger: `${row("Letter 1")} .o_data_cell[name=printed_on]:not(:empty)`,
        },
        {
            content: "what is settled is gone",
            trigger: `.o_list_view:not(:has(${row("Letter 2")}))`,
        },
        {
            content: "take the pile again",
            trigger: "thead .o_list_record_selector input:not(:checked)",
            run: "click",
        },
        {
            content: "it was posted",
            trigger: "button[name=action_mark_posted]",
            run: "click",
        },
        {
            content: "nothing is left to do",
            trigger: ".o_view_nocontent_smiling_face",
        },
    ],
});
