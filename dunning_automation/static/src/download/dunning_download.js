import {registry} from "@web/core/registry";

/**
 * Fetches a file without a new window, which browsers block when the server took its
 * time; what the button stands on is read anew.
 */
function downloadAction(_env, action) {
    const link = document.createElement("a");
    link.href = action.params.url;
    link.download = "";
    link.click();
    return {type: "ir.actions.act_window_close"};
}

registry.category("actions").add("dunning_download", downloadAction);
