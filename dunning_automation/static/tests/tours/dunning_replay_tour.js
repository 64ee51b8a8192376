import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("dunning_pilot", {
    steps: () => [
        {
            content: "Open the policy",
            trigger: ".o_data_row:contains('Tour policy') td[name=name]",
            run: "click",
        },
        {
            content: "A fifth of its customers shall follow it",
            trigger: ".o_field_widget[name=pilot_share] input",
            run: "edit 20 && click body",
        },
        {
            content: "The form says what becomes of the others",
            trigger: ".o_form_sheet:contains('the others follow the next policy')",
        },
        {
            content: "Save",
            trigger: ".o_form_button_save:enabled",
            run: "click",
        },
        {
            content: "It is saved; see what it would have done",
            trigger: ".o_form_saved",
        },
        {
            content: "Open its replays",
            trigger: "button[name=action_replay]:enabled",
            run: "click",
        },
        {
            content: "There are none yet: begin one",
            trigger: ".o_list_button_add:enabled",
            run: "click",
        },
        {
            content: "The policy is filled in",
            trigger: ".o_field_widget[name=policy_id] input:value(Tour policy)",
        },
        {
            content: "Start",
            trigger: "button[name=action_start]:enabled",
            run: "click",
        },
        {
            content: "It says how far it is",
            trigger: ".o_field_widget[name=progress] [role=progressbar]",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_replay", {
    steps: () => [
        {
            content: "Open what is done",
            trigger: ".o_data_row:contains('Done') td[name=date_from]",
            run: "click",
        },
        {
            content: "Both sides are compared",
            trigger: ".o_dunning_replay_figures th:contains('Difference')",
        },
        {
            content: "And drawn",
            trigger: ".o_dunning_chart canvas",
        },
        {
            content: "Open the messages behind the figures",
            trigger: "button[name=action_open_messages]:enabled",
            run: "click",
        },
        {
            content: "Every one can be opened",
            trigger: ".o_data_row:contains('Tour customer') td[name=date]",
            run: "click",
        },
        {
            content: "With its invoices",
            trigger: ".o_field_widget[name=move_ids] .o_data_row:contains('INV/')",
        },
    ],
});
