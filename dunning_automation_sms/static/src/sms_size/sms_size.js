/**
 * How many text messages a text is. The same as `tools/sms_segments.py`, whose docstring
 * names the standards, for people who type; a test compares the two.
 */

const BASIC = new Set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
        "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà",
);
const EXTENDED = new Set("\f^{}\\[~]|€");
const PLACEHOLDER = /\{\{.*?\}\}/gs;

/**
 * @param {string} text
 * @returns {{encoding: string, length: number, segments: number, room: number}}
 *     as `measure` in Python
 */
export function measure(text) {
    const chars = [...text];
    if (chars.every((char) => BASIC.has(char) || EXTENDED.has(char))) {
        const sizes = chars.map((char) => (EXTENDED.has(char) ? 2 : 1));
        return pack("GSM-7", sizes, 160, 153);
    }
    const sizes = chars.map((char) => char.length);
    return pack("UCS-2", sizes, 70, 67);
}

/** Characters of two units are not torn apart at the end of a segment. */
function pack(encoding, sizes, single, each) {
    const length = sizes.reduce((sum, size) => sum + size, 0);
    if (length <= single) {
        return {encoding, length, segments: length ? 1 : 0, room: single - length};
    }
    let segments = 1;
    let used = 0;
    for (const size of sizes) {
        if (used + size > each) {
            segments += 1;
            used = 0;
        }
        used += size;
    }
    return {encoding, length, segments, room: each - used};
}

/** The text without what is filled in for each customer, and whether there was some. */
export function withoutPlaceholders(text) {
    const fixed = text.replace(PLACEHOLDER, "");
    return {fixed, isTemplate: fixed !== text};
}
