import {expect, test} from "@odoo/hoot";
import {DunningDashboardTile} from "@dunning_automation/dashboard_tile/dunning_dashboard_tile";
import {click} from "@odoo/hoot-dom";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {mountWithCleanup} from "@web/../tests/web_test_helpers";

const ACTION = {name: "Open", model: "account.move.line", domain: []};

defineMailModels(); // What every page of the backend asks for.

async function mountTile(values, props) {
    const opened = [];
    const tile = {
        code: "dso",
        title: "DSO",
        unit: "days",
        better: "down",
        formula: "receivables / sales",
        reason: "",
        value: 50,
        previous: 60,
        action: ACTION,
        ...values,
    };
    await mountWithCleanup(DunningDashboardTile, {
        props: {
            tile,
            format: (number, unit) => `${number} ${unit}`,
            open: (action) => opened.push(action),
            ...props,
        },
    });
    return opened;
}

test("a tile shows its figure, and opens its records", async () => {
    const opened = await mountTile({});
    expect(".o_dunning_tile_value").toHaveText("50 days");
    expect("[role=tooltip]").toHaveText("receivables / sales");
    await click(".o_dunning_tile button");
    expect(opened).toEqual([ACTION]);
});

test("a tile without records opens nothing", async () => {
    const opened = await mountTile({action: false});
    await click(".o_dunning_tile button");
    expect(opened).toEqual([]);
    expect(".o_dunning_tile button").toHaveAttribute("aria-disabled", "true");
});

for (const [better, value, previous, look] of [
    ["down", 50, 60, "text-success"],
    ["down", 60, 50, "text-danger"],
    ["up", 60, 50, "text-success"],
    ["up", 50, 60, "text-danger"],
    ["", 60, 50, "text-muted"],
    ["up", 50, 50, "text-muted"],
]) {
    test(`from ${previous} to ${value}, better ${better || "neither"}`, async () => {
        await mountTile({better, value, previous});
        expect(`.o_dunning_tile small.${look}`).toHaveText(`before: ${previous} days`);
    });
}

test("no figure is no zero, and tells why", async () => {
    await mountTile({value: null, previous: 3, reason: "Nothing was sold."});
    expect(".o_dunning_tile_value").toHaveText("–");
    expect("[role=tooltip]").toHaveText("Nothing was sold. receivables / sales");
    expect(".o_dunning_tile small").toHaveCount(0);
});

test("zero before is a figure", async () => {
    await mountTile({value: 1, previous: 0});
    expect(".o_dunning_tile small").toHaveText("before: 0 days");
});

for (const [is_met, look, text] of [
    [true, "text-success", "Target: 45 days, met"],
    [false, "text-danger", "Target: 45 days, missed"],
    [null, "text-muted", "Target: 45 days"],
]) {
    test(`a target that is ${text}`, async () => {
        await mountTile({target: {id: 7, value: 45, is_met}});
        expect(`.o_dunning_tile small.${look}:contains(Target)`).toHaveText(text);
    });
}

test("who may set targets does so on tiles with a direction", async () => {
    const asked = [];
    const setTarget = ({code}) => asked.push(code);
    await mountTile({}, {setTarget});
    await click("button[name=set_target]");
    expect(asked).toEqual(["dso"]);
});

test("others, and tiles without a direction, have no such button", async () => {
    await mountTile({}, {setTarget: false});
    await mountTile({better: ""}, {setTarget: () => {}});
    expect("button[name=set_target]").toHaveCount(0);
});
