import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("dunning_sms", {
    url: "/odoo/action-dunning_automation_sms.dunning_sms_gateway_action",
    steps: () => [
        {
            content: "open the demo gateway",
            trigger: ".o_data_row .o_data_cell:contains(Demo)",
            run: "click",
        },
        {
            content: "try it",
            trigger: ".o_form_view button:contains(Send a Test Message)",
            run: "click",
        },
        {
            content: "to a number that is none",
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit 12",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            content: "the error says how to write it",
            trigger:
                ".modal:contains(with + and the country code) button:contains(Close)",
            run: "click",
        },
        {
            content: "to a good one",
            trigger: ".modal .o_field_widget[name=number] input",
            run: "edit +436641234567",
        },
        {
            trigger: ".modal button[name=action_send]",
            run: "click",
        },
        {
            content: "it was accepted",
            trigger: ".modal .alert:contains(Accepted, number demo-)",
        },
        {
            trigger: ".modal .modal-footer button:contains(Close)",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_sms_heard", {
    url: "/odoo/action-dunning_automation_sms.dunning_webhook_action",
    steps: () => [
        {
            content: "open what the provider tells",
            trigger: ".o_data_row .o_data_cell:contains(Provider)",
            run: "click",
        },
        {
            content: "the address is there, the secret is not shown",
            trigger:
                ".o_form_view:has(.o_field_widget[name=url]:contains(/dunning/webhook/))",
        },
        {
            content: "STOP was obeyed",
            trigger:
                ".o_field_widget[name=event_ids] .o_data_row:contains(STOP):contains(Done)",
        },
        {
            content: "the receipt was used: open its message",
            trigger:
                ".o_field_widget[name=event_ids] .o_data_row:contains(Delivered):contains(Done)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_sms_size", {
    steps: () => [
        {
            content: "what a text of ours takes without the customer's data",
            trigger: ".o_dunning_sms_size:contains(without what is filled in)",
        },
        {
            trigger: ".o_field_widget[name=body] textarea",
            run: "edit 100 €",
        },
        {
            content: "the sign of the euro takes two",
            trigger: ".o_dunning_sms_size:contains(6 characters (GSM-7), 1 segments)",
        },
        {
            trigger: ".o_field_widget[name=body] textarea",
            run: "edit Заплатите",
        },
        {
            trigger:
                ".o_dunning_sms_size:contains(9 characters (UCS-2), 1 segments, 61)",
        },
        {
            trigger: ".o_form_button_cancel",
            run: "click",
        },
        {
            trigger: "button.oe_stat_button:contains(Preview)",
            run: "click",
        },
        {
            content: "what it takes with them",
            trigger:
                ".modal .o_field_widget[name=dunning_size]:contains(characters in)",
        },
        {
            trigger: ".modal button:contains(Discard)",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
    ],
});
