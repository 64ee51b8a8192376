import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const {DateTime} = luxon;

/** First day of the present half-year, as the date field of an American reads it. */
function halfYear() {
    const {month, year} = DateTime.now();
    return month < 7 ? `01/01/${year}` : `07/01/${year}`;
}

const openMenu = (name) => [
    {
        content: "open the Collections menu",
        trigger: ".o_menu_sections button:contains(Collections)",
        run: "click",
    },
    {
        content: `choose ${name}`,
        trigger: `.o-dropdown--menu .dropdown-item:contains(${name})`,
        run: "click",
    },
];

/** Let the level ask for interest and a fee of five. */
const chargeOnLevel = () => [
    {
        trigger: ".o_last_breadcrumb_item:contains(Policies)",
    },
    {
        content: "open the policy",
        trigger: ".o_data_row:contains(Tour policy) .o_data_cell[name=name]",
        run: "click",
    },
    {
        content: "open the level",
        trigger: ".o_field_widget[name=level_ids] .o_data_row .o_data_cell[name=name]",
        run: "click",
    },
    {
        content: "late interest",
        trigger: ".modal .o_field_widget[name=charge_interest] input",
        run: "click",
    },
    {
        content: "a fee",
        trigger: ".modal .o_field_widget[name=fee_amount] input",
        run: "edit 5",
    },
    {
        trigger: ".modal footer .o_form_button_save",
        run: "click",
    },
    {
        trigger: "body:not(:has(.modal))",
    },
];

// A manager charges interest: not before the rate of the present half-year is known.
registry.category("web_tour.tours").add("dunning_charges", {
    url: "/odoo/dunning-policies",
    steps: () => [
        ...chargeOnLevel(),
        {
            content: "try to save",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "the gap is named",
            trigger:
                ".modal:contains(The rate “Tour base rate” from):contains(is missing) footer .btn-primary",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal))",
        },
        ...stepUtils.discardForm(),
        ...openMenu("Reference Rates"),
        {
            content: "open the series",
            trigger: ".o_data_row:contains(Tour base rate) .o_data_cell[name=name]",
            run: "click",
        },
        {
            content: "it says what is missing",
            trigger: ".alert:contains(The rate of the present half-year is missing)",
        },
        {
            content: "add the rate",
            trigger: ".o_field_widget[name=rate_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: "for this half-year",
            trigger: ".o_selected_row .o_field_widget[name=valid_from] input",
            run: `edit ${halfYear()}`,
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=rate] input",
            run: "edit 1.27",
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=source_url] input",
            run: "edit https://example.com/rates",
        },
        ...stepUtils.saveForm(),
        {
            content: "nothing is missing any more",
            trigger: ".o_form_view:not(:has(.alert:contains(is missing)))",
        },
        ...openMenu("Policies"),
        ...chargeOnLevel(),
        ...stepUtils.saveForm(),
    ],
});
