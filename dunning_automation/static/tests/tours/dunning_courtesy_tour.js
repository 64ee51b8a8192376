import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const openPage = (name) => ({
    content: `page ${name}`,
    trigger: `.o_notebook .nav-link[name=${name}]`,
    run: "click",
});

const addRow = (field) => ({
    content: `a row of ${field}`,
    trigger: `.o_field_widget[name=${field}] .o_field_x2many_list_row_add a`,
    run: "click",
});

const fill = (name, value) => ({
    content: `${name} = ${value}`,
    trigger: `.o_selected_row .o_field_widget[name=${name}] input`,
    run: `edit ${value}`,
});

const choose = (row, name, value) => [
    {
        content: `look for ${value}`,
        trigger: `${row} .o_field_widget[name=${name}] input`,
        run: `edit ${value}`,
    },
    {
        content: `choose ${value}, once the list is of what was looked for`,
        trigger: `.o-autocomplete--dropdown-item:first-child a:contains(${value})`,
        run: "click",
    },
];

/** Saving is refused with a sentence that contains ``text``. */
const refused = (text) => [
    {
        content: "try to save",
        trigger: ".o_form_button_save",
        run: "click",
    },
    {
        content: "it says what is wrong",
        trigger: `.modal:contains(${text}) footer .btn-primary`,
        run: "click",
    },
    {
        trigger: "body:not(:has(.modal))",
    },
];

// A manager writes down decent hours, a cap and the public holidays.
registry.category("web_tour.tours").add("dunning_courtesy", {
    url: "/odoo/dunning-courtesy",
    steps: () => [
        {
            content: "open the profile",
            trigger: ".o_data_row:contains(Tour profile) .o_data_cell[name=name]",
            run: "click",
        },
        openPage("hours"),
        addRow("window_ids"),
        fill("hour_start", "9:30"),
        fill("hour_end", "7:00"),
        ...refused("they begin at 9:30"),
        {
            content: "correct the end",
            trigger: ".o_field_widget[name=window_ids] .o_data_cell[name=hour_end]",
            run: "click",
        },
        fill("hour_end", "17:00"),
        openPage("caps"),
        addRow("cap_ids"),
        fill("max_number", "2"),
        fill("window_days", "7"),
        openPage("holidays"),
        addRow("holiday_ids"),
        ...choose(".o_selected_row", "country_id", "Germany"),
        ...choose(".o_selected_row", "calendar_id", "Tour without holidays"),
        ...refused("knows no public holiday"),
        {
            content: "another calendar",
            trigger: ".o_field_widget[name=holiday_ids] .o_data_cell[name=calendar_id]",
            run: "click",
        },
        ...choose(".o_selected_row", "calendar_id", "Tour with holidays"),
        ...stepUtils.saveForm(),
    ],
});

// A collector records that a customer wants no e-mails, and later that he agreed again.
registry.category("web_tour.tours").add("dunning_optout", {
    url: "/odoo/dunning-optouts",
    steps: () => [
        {
            trigger: ".o_last_breadcrumb_item:contains(Opt-outs)",
        },
        {
            content: "new opt-out",
            trigger: ".o_list_button_add",
            run: "click",
        },
        ...choose(".o_form_view", "partner_id", "Zoe of the tour"),
        {
            content: "an address that is none is refused",
            trigger: ".o_field_widget[name=address] input",
            run: "edit nobody",
        },
        ...refused("is no address of this channel"),
        {
            trigger: ".o_field_widget[name=address] input",
            run: "edit Tour@Example.com",
        },
        {
            trigger: ".o_field_widget[name=note] textarea",
            run: "edit No e-mails please",
        },
        ...stepUtils.saveForm(),
        {
            content: "he agreed again",
            trigger: "button[name=action_withdraw]",
            run: "click",
        },
        {
            content: "nobody withdraws without a word",
            trigger: ".modal footer button[name=action_confirm]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=note].o_field_invalid",
        },
        {
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit By phone on Tuesday",
        },
        {
            trigger: ".modal footer button[name=action_confirm]",
            run: "click",
        },
        {
            content: "it stays as history",
            trigger: ".o_arrow_button_current:contains(Withdrawn)",
        },
        {
            trigger:
                ".o_field_widget[name=withdrawal_note]:contains(By phone on Tuesday)",
        },
    ],
});
