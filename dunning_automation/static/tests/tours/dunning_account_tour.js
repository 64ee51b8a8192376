import {registry} from "@web/core/registry";

// A customer follows the link of a reminder, without a login: he promises one invoice,
// and goes to pay the other.
registry.category("web_tour.tours").add("dunning_account", {
    steps: () => [
        {
            content: "both overdue invoices are ticked, the disputed one is not",
            trigger:
                ".o_dunning_account form:has(input[name=line]:checked:eq(1)):not(:has(input[name=line]:checked:eq(2)))",
        },
        {
            content: "not this one",
            trigger: "tr:contains(100.00) input[name=line]:checked",
            run: "click",
        },
        {
            content: "he has something to say",
            trigger: ".o_dunning_answer summary",
            run: "click",
        },
        {
            trigger: ".o_dunning_answer select[name=kind]",
            run: "select promise",
        },
        {
            content: "without a day he is asked for one",
            trigger: ".o_dunning_answer button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".alert-warning:contains(enter the day)",
        },
        {
            content: "and finds what he entered",
            trigger: ".o_dunning_answer[open] select[name=kind]:value(promise)",
        },
        {
            trigger: "tr:contains(100.00) input[name=line]:not(:checked)",
        },
        {
            trigger: ".o_dunning_answer input[name=date]",
            run: ({anchor}) => {
                anchor.value = "2026-03-13"; // "edit" does not know empty dates.
            },
        },
        {
            trigger: ".o_dunning_answer button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "he reads what happens next",
            trigger: ".alert-success:contains(noted your promise)",
        },
        {
            trigger: "tr:contains(50.00) .badge:contains(Payment promised)",
        },
        {
            content: "what is left to pay",
            trigger: "button[value=overdue]:contains(100.00)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Odoo's own payment form, with the amount of the ledger",
            trigger: ".o_dunning_account_pay h2:contains(100.00)",
        },
        {
            trigger: ".o_dunning_account_pay #o_payment_form[data-amount='100.0']",
        },
    ],
});
