import {
    contains,
    mockService,
    mountWithCleanup,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {expect, test} from "@odoo/hoot";
import {DunningStart} from "@dunning_automation/start/dunning_start";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";
import {xml} from "@odoo/owl";

class FirstStep extends DunningStart {
    static template = xml`
        <button t-if="state.start" t-on-click="() => this.go(steps[0])"/>`;
}

defineMailModels(); // What every page of the backend asks for.

test("no dialog stays open because the steps are still being read", async () => {
    const options = [];
    mockService("action", {doAction: (action, option) => options.push(option)});
    onRpc("dunning.start", "get_start", () => {
        expect.step("read");
        return {steps: [{action: {target: "new"}}]};
    });
    onRpc("dunning.data.quality", "get_findings", () => []);
    await mountWithCleanup(FirstStep, {props: {action: {}, actionId: 1}});
    await contains("button").click();
    expect.verifySteps(["read"]);
    // Odoo removes a dialog when what `onClose` returns is settled, which it never is
    // when the dialog opened another page.
    expect(options[0].onClose()).toBe(undefined);
    await expect.waitForSteps(["read"]);
});
