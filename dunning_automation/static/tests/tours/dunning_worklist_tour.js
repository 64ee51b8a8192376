import {registry} from "@web/core/registry";

const press = (keys, content) => ({content, trigger: "body", run: `press ${keys}`});

registry.category("web_tour.tours").add("dunning_worklist", {
    url: "/odoo/dunning-worklist",
    steps: () => [
        {
            content: "the day starts with what is most at risk, and says why",
            trigger: ".o_data_row:contains(Big debt):contains(45 days overdue)",
            timeout: 60000,
        },
        {
            content: "go into the list",
            trigger: ".o_searchview_input",
            run: "press ArrowDown",
        },
        press("ArrowDown", "to the first case"),
        {
            content: "open the first case",
            trigger: ".o_data_row:contains(Big debt) .o_data_cell[name=partner_id]",
            run: "press Enter",
        },
        {
            content: "the story: how old the debt is",
            trigger:
                ".o_form_view:contains(Big debt) .o_dunning_aging button[data-bucket='31_60']:enabled",
        },
        {
            content: "what happened",
            trigger: ".nav-link[name=timeline]",
            run: "click",
        },
        {
            trigger: ".o_dunning_timeline:contains(Case opened)",
        },
        press("Alt+n", "next in the pager"),
        {
            trigger:
                ".o_form_view .o_field_widget[name=partner_id]:contains(Small debt)",
        },
        press("Alt+p", "and back"),
        {
            trigger: ".o_form_view .o_field_widget[name=partner_id]:contains(Big debt)",
        },
        press("Alt+y", "send now"),
        {
            content: "it goes to the queue",
            trigger: ".o_notification:contains(queue)",
        },
        {
            content: "done, next, when the last key has done its work",
            trigger: "button[name=action_next_case]:enabled",
            run: "press Alt+g",
        },
        {
            content: "the second case of the day",
            trigger:
                ".o_form_view .o_field_widget[name=partner_id]:contains(Small debt)",
        },
        {
            content: "done, next, when the last key has done its work",
            trigger: "button[name=action_next_case]:enabled",
            run: "press Alt+g",
        },
        {
            content: "that was all",
            trigger: ".o_notification:contains(your day is done)",
        },
        {
            // The clock of the test stands still, the filter's "today" does not.
            content: "back in the list",
            trigger: ".o_list_view",
        },
    ],
});
