// Found through NODE_PATH, see setup/lint.
const xml = require("@prettier/plugin-xml");

module.exports = {
    plugins: [xml.default ?? xml],
    printWidth: 88,
    tabWidth: 4,
    bracketSpacing: false,
    xmlWhitespaceSensitivity: "preserve",
};
