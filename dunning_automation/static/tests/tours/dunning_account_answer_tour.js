import {registry} from "@web/core/registry";

// The customer chooses files, as a phone does after he has picked them.
function choose(anchor, ...files) {
    const transfer = new DataTransfer();
    for (const [name, content] of files) {
        transfer.items.add(new File([content], name));
    }
    anchor.files = transfer.files;
}

const hasSomethingToSay = [
    {
        trigger: ".o_dunning_answer:not([open]) summary",
        run: "click",
    },
];
const send = {
    trigger: ".o_dunning_answer button[type=submit]",
    run: "click",
    expectUnloadPage: true,
};
const untick = (amount) => ({
    content: `not the one of ${amount}`,
    trigger: `tr:contains(${amount}) input[name=line]:checked`,
    run: "click",
});

// He wants to pay in parts: which parts is asked for only then; the plan is agreed at
// once, and its first instalment can be paid.
registry.category("web_tour.tours").add("dunning_account_parts", {
    steps: () => [
        untick("50.00"),
        ...hasSomethingToSay,
        {
            content: "no fields that belong to other answers",
            trigger:
                ".o_dunning_answer:not(:has(.o_dunning_parts:visible, .o_dunning_files:visible))",
        },
        {
            trigger: ".o_dunning_answer select[name=kind]",
            run: "select parts",
        },
        {
            trigger: ".o_dunning_answer input[name=date]:visible",
            run: ({anchor}) => {
                anchor.value = "2026-03-13";
            },
        },
        {
            trigger: ".o_dunning_answer input[name=parts]:visible",
            run: "edit 2",
        },
        {
            trigger: ".o_dunning_answer select[name=interval]:visible",
            run: "select fortnight",
        },
        send,
        {
            content: "he reads what happens next",
            trigger: ".alert-success:contains(payment plan is agreed)",
        },
        {
            trigger: ".o_dunning_plan tbody tr:eq(1):contains(50.00)",
        },
        {
            content: "why not all is proposed any more",
            trigger: ".o_dunning_account p:contains(is left out of)",
        },
        {
            trigger: ".o_dunning_plan button:contains(50.00)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_dunning_account_pay #o_payment_form[data-amount='50.0']",
        },
    ],
});

// He does not agree, and sends a picture: what is none is refused, what he wrote stays.
registry.category("web_tour.tours").add("dunning_account_dispute", {
    steps: () => [
        untick("50.00"),
        ...hasSomethingToSay,
        {
            trigger: ".o_dunning_answer select[name=kind]",
            run: "select dispute",
        },
        {
            trigger: ".o_dunning_answer textarea",
            run: "edit It arrived broken",
        },
        {
            trigger: ".o_dunning_answer input[type=file]:visible",
            run: ({anchor}) => choose(anchor, ["photo.jpg", "MZ, a program"]),
        },
        send,
        {
            trigger: ".alert-warning:contains(photo.jpg is no PDF, PNG or JPEG file)",
        },
        {
            trigger:
                ".o_dunning_answer[open] textarea:value(It arrived broken):visible",
        },
        {
            trigger: ".o_dunning_answer input[type=file]:visible",
            run: ({anchor}) =>
                choose(anchor, [
                    "photo.jpg",
                    new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0]),
                ]),
        },
        send,
        {
            trigger: ".alert-success:contains(We look into it)",
        },
        {
            trigger: "tr:contains(100.00) .badge:contains(Disputed)",
        },
    ],
});

// He has paid, and sends the receipt.
registry.category("web_tour.tours").add("dunning_account_receipt", {
    steps: () => [
        ...hasSomethingToSay,
        {
            trigger: ".o_dunning_answer select[name=kind]",
            run: "select paid",
        },
        {
            trigger: ".o_dunning_answer input[name=date]:visible",
            run: ({anchor}) => {
                anchor.value = "2026-03-09";
            },
        },
        {
            trigger: ".o_dunning_answer input[type=file]:visible",
            run: ({anchor}) => choose(anchor, ["receipt.pdf", "%PDF-1.7 of the bank"]),
        },
        send,
        {
            trigger: ".alert-success:contains(Somebody reads it)",
        },
    ],
});
