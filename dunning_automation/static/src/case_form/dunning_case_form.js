import {FormController} from "@web/views/form/form_controller";
import {formView} from "@web/views/form/form_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const NEXT = "action_next_case";

/** "Done, Next" stays on this screen: the next case takes the place of this one. */
export class DunningCaseFormController extends FormController {
    setup() {
        super.setup();
        this.actionService = useService("action");
    }

    async beforeExecuteActionButton(clickParams) {
        const proceed = await super.beforeExecuteActionButton(clickParams);
        if (proceed === false || clickParams.name !== NEXT) {
            return proceed;
        }
        await this.openNext();
        return false;
    }

    async openNext() {
        const {resModel, resId, resIds} = this.model.root;
        const action = await this.orm.call(resModel, NEXT, [[resId], resIds]);
        const nextId = action.res_id;
        if (nextId) {
            await this.model.load({
                resId: nextId,
                resIds: resIds.includes(nextId) ? resIds : [...resIds, nextId],
            });
            this.rootRef.el?.querySelector(".o_content")?.scrollTo({top: 0});
            return;
        }
        delete action.params.next;
        await this.actionService.doAction(action);
        this.env.config.historyBack();
    }
}

registry.category("views").add("dunning_case_form", {
    ...formView,
    Controller: DunningCaseFormController,
});
