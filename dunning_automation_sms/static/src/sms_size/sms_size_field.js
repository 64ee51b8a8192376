import {SmsWidget, smsWidget} from "@sms/components/sms_widget/fields_sms_widget";
import {measure, withoutPlaceholders} from "./sms_size";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useState} from "@odoo/owl";

/**
 * Odoo's text field with a counter that knows characters of double size, such as €, and
 * the room of segments in both encodings, and counts while somebody types.
 */
export class SmsSizeField extends SmsWidget {
    static template = "dunning_automation_sms.SmsSizeField";

    setup() {
        super.setup();
        this.typed = useState({text: ""});
        useRecordObserver((record) => {
            this.typed.text = record.data[this.props.name] || "";
        });
    }

    onType(event) {
        this.typed.text = event.target.value;
    }

    get sizeText() {
        const {fixed, isTemplate} = withoutPlaceholders(this.typed.text);
        const size = measure(fixed);
        const values = [size.length, size.encoding, size.segments, size.room];
        return isTemplate
            ? _t(
                  "%s characters (%s), %s segments, %s left, without what is filled in: the preview shows the size for a customer.",
                  ...values,
              )
            : _t("%s characters (%s), %s segments, %s left", ...values);
    }
}

registry.category("fields").add("dunning_sms_size", {
    ...smsWidget,
    component: SmsSizeField,
});
