import {registry} from "@web/core/registry";

const CHECKED = ".o_dunning_check[data-reconciles]";
const LOADED = `.o_dunning_dashboard ${CHECKED}`;

registry.category("web_tour.tours").add("dunning_dashboard", {
    url: "/odoo/dunning-dashboard",
    steps: () => [
        {
            content: "the figures, and the proof that they add up",
            trigger: `${LOADED}:contains(Reconciles)`,
            timeout: 60000,
        },
        {
            content: "what is owed",
            trigger: "[data-tile=receivables] .o_dunning_tile_value:contains(1,100.00)",
        },
        {
            content: "drawn, and told in a table",
            trigger: "[data-chart=aging]:has(canvas) summary",
            run: "click",
        },
        {
            trigger: "[data-chart=aging] details[open] td:contains(100.00)",
        },
        {
            content: "each tile says how it is computed",
            trigger: "[data-tile=dso] [role=tooltip]:contains(its days):not(:visible)",
        },
        {
            content: "also by keyboard",
            trigger: "[data-tile=dso] button",
            run: ({anchor}) => anchor.focus({focusVisible: true}),
        },
        {
            trigger: "[data-tile=dso] [role=tooltip]:contains(its days):visible",
        },
        {
            content: "choose a shorter period",
            trigger: "[data-filter=months]",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains(1 month)",
            run: "click",
        },
        {
            content: "the page follows",
            trigger: "[data-filter=months]:contains(1 month)",
        },
        {
            content: "a manager says what he wants",
            trigger: "[data-tile=overdue] button[name=set_target]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=value] input",
            run: "edit 50",
        },
        {
            trigger: ".modal .btn-primary:contains(Save)",
            run: "click",
        },
        {
            content: "and the page says whether it is so",
            trigger: "[data-tile=overdue] small:contains(missed)",
        },
        {
            content: "what does it all mean?",
            trigger: "button[name=define]",
            run: "click",
        },
        {
            trigger: "[data-figure=dso] dd:contains(its days)",
        },
        {
            trigger: ".o_breadcrumb a:contains(Dashboard), .o_back_button",
            run: "click",
        },
        {
            content: "open what is overdue",
            trigger: "[data-tile=overdue] button",
            run: "click",
        },
        {
            content: "just that: not what is due later",
            trigger: ".o_list_view:not(:has(.o_data_row ~ .o_data_row)) .o_data_row",
        },
        {
            content: "and back: the filter is still there",
            trigger: ".o_breadcrumb a:contains(Dashboard), .o_back_button",
            run: "click",
        },
        {
            trigger: "[data-filter=months]:contains(1 month)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_dashboard_empty", {
    url: "/odoo/dunning-dashboard",
    steps: () => [
        {
            content: "a company without invoices is told what comes",
            trigger: ".o_dunning_dashboard .alert-info:contains(the first invoice)",
            timeout: 60000,
        },
        {
            content: "no figure is made up",
            trigger: "[data-tile=dso] .o_dunning_tile_value:contains(–)",
        },
        {
            trigger: "[data-chart=aging]:contains(Nothing to show yet)",
        },
        {
            trigger: LOADED,
        },
    ],
});

registry.category("web_tour.tours").add("dunning_dashboard_error", {
    url: "/odoo/dunning-dashboard",
    steps: () => [
        {
            content: "what went wrong",
            trigger: ".o_dunning_dashboard [role=alert]:contains(No database today)",
            timeout: 60000,
        },
        {
            trigger: ".o_dunning_dashboard button[name=again]",
            run: "click",
        },
        {
            content: "and it is over",
            trigger: `.o_dunning_dashboard:not(:has([role=alert])) ${CHECKED}`,
        },
        {
            content: "also later",
            trigger: "[data-filter=months]",
            run: "click",
        },
        {
            trigger: ".o-dropdown-item:contains(12 months)",
            run: "click",
        },
        {
            content: "then nothing pretends to be on its way",
            trigger: ".o_dunning_dashboard [role=alert]:contains(No database today)",
        },
        {
            trigger: ".o_dunning_dashboard:not(:contains(Adding up))",
        },
        {
            content: "and what was chosen is kept",
            trigger: "[data-filter=months]:contains(12 months)",
        },
        {
            trigger: ".o_dunning_dashboard button[name=again]",
            run: "click",
        },
        {
            trigger: `.o_dunning_dashboard:not(:has([role=alert])) ${CHECKED}`,
        },
        {
            trigger: "[data-filter=months]:contains(12 months)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_dashboard_outside", {
    url: "/odoo/dunning-dashboard",
    steps: () => [
        {
            content: "the balance is another one, and the page knows why",
            trigger: `${LOADED}:contains(Reconciles) button[name=outside]:contains(100.00 of)`,
            run: "click",
            timeout: 60000,
        },
        {
            content: "the invoice that a draft has paid",
            trigger: ".o_list_view:not(:has(.o_data_row ~ .o_data_row)) .o_data_row",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_dashboard_spoilt", {
    url: "/odoo/dunning-dashboard",
    steps: () => [
        {
            content: "sums that were written by others are noticed",
            trigger: ".o_dunning_check[data-reconciles=false]:contains(3.00)",
            timeout: 60000,
        },
        {
            trigger: ".o_dunning_check button[name=rebuild]",
            run: "click",
        },
        {
            content: "and made anew",
            trigger: `${LOADED}:contains(Reconciles)`,
        },
        {
            trigger: "[data-tile=receivables] .o_dunning_tile_value:contains(1,100.00)",
        },
    ],
});

registry.category("web_tour.tours").add("dunning_dashboard_phone", {
    url: "/odoo/dunning-dashboard",
    steps: () => [
        {
            content: "nothing is wider than the screen",
            trigger: LOADED,
            timeout: 60000,
            run: () => {
                const page = document.querySelector(".o_dunning_dashboard .o_content");
                if (page.scrollWidth > page.clientWidth) {
                    throw new Error(
                        `${page.scrollWidth} px on ${page.clientWidth} px of screen`,
                    );
                }
            },
        },
        {
            content: "a tap opens the records",
            trigger: "[data-tile=receivables] button",
            run: "click",
        },
        {
            trigger: ".o_kanban_view .o_kanban_record, .o_list_view .o_data_row",
        },
    ],
});
