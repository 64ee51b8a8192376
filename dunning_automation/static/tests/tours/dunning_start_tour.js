import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("dunning_start", {
    url: "/odoo/dunning-start",
    steps: () => [
        {
            content: "the page says what comes next",
            trigger: ".o_dunning_start [data-step=policy][data-state=todo]",
            timeout: 60000,
        },
        {
            content: "choose a policy",
            trigger: "[data-step=policy] button[name=go]",
            run: "click",
        },
        {
            content: "each card shows its ladder",
            trigger: ".modal label:contains(Consumers) .o_dunning_rung:contains(+18)",
        },
        {
            trigger: ".modal input[data-template=business_firm]",
            run: "click",
        },
        {
            content: "it says what changes",
            trigger: ".modal .o_field_widget[name=effect]:contains(Policy)",
        },
        {
            trigger: ".modal button[name=action_create_policy]",
            run: "click",
        },
        {
            content: "the new policy is open",
            trigger:
                ".o_form_view .o_field_widget[name=level_ids]:contains(Formal notice)",
        },
        {
            content: "and back",
            trigger: ".o_back_button, .breadcrumb-item a:contains(Start)",
            run: "click",
        },
        {
            content: "one step less",
            trigger: ".o_dunning_start [data-step=policy][data-state=done]",
        },
        {
            content: "somebody has no e-mail",
            trigger: "[data-finding=no_email]:contains(100.00) button[name=fix]",
            run: "click",
        },
        {
            content: "the list is just these; the e-mail is typed in",
            trigger: ".o_data_row:contains(Without e-mail) td[name=email]",
            run: "click",
        },
        {
            trigger: ".o_selected_row td[name=email] input",
            run: "edit repaired@example.com",
        },
        {
            trigger: ".o_list_button_save",
            run: "click",
        },
        {
            trigger: ".o_list_view:not(:has(.o_selected_row))",
        },
        {
            trigger: ".breadcrumb-item a:contains(Start), .o_back_button",
            run: "click",
        },
        {
            content: "it is found no more",
            trigger:
                ".o_dunning_start details:not(:has([data-finding=no_email] button))",
        },
        {
            content: "one click for all",
            trigger: "[data-finding=no_language] button[name=mend]",
            run: "click",
        },
        {
            trigger: ".modal .btn-primary:contains(Set English)",
            run: "click",
        },
        {
            trigger: ".o_dunning_start:not(:has([data-finding=no_language] button))",
        },
        {
            trigger: "button[name=looked]",
            run: "click",
        },
        {
            trigger: "[data-step=data][data-state=done]",
        },
        {
            content: "what is not wanted is skipped",
            trigger: "[data-step=automatic] button[name=tick]",
            run: "click",
        },
        {
            trigger: "[data-step=automatic][data-state=skipped] button[name=untick]",
        },
    ],
});
