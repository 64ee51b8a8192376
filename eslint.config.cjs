// Found through NODE_PATH, see setup/lint.
const globals = require("globals");
const jsdoc = require("eslint-plugin-jsdoc");

const mistakes = {
    "array-callback-return": "error",
    "constructor-super": "error",
    "for-direction": "error",
    "getter-return": "error",
    "no-async-promise-executor": "error",
    "no-class-assign": "error",
    "no-compare-neg-zero": "error",
    "no-cond-assign": "error",
    "no-const-assign": "error",
    "no-constant-condition": "error",
    "no-constructor-return": "error",
    "no-debugger": "error",
    "no-dupe-args": "error",
    "no-dupe-class-members": "error",
    "no-dupe-else-if": "error",
    "no-dupe-keys": "error",
    "no-duplicate-case": "error",
    "no-duplicate-imports": "error",
    "no-empty": "error",
    "no-fallthrough": "error",
    "no-func-assign": "error",
    "no-import-assign": "error",
    "no-loss-of-precision": "error",
    "no-promise-executor-return": "error",
    "no-redeclare": "error",
    "no-self-assign": "error",
    "no-self-compare": "error",
    "no-this-before-super": "error",
    "no-undef": "error",
    "no-unreachable": "error",
    "no-unsafe-finally": "error",
    "no-unsafe-negation": "error",
    "no-unsafe-optional-chaining": "error",
    "no-unused-vars": ["error", {argsIgnorePattern: "^_"}],
    "no-use-before-define": ["error", {functions: false}],
    "require-atomic-updates": "error",
    "use-isnan": "error",
    "valid-typeof": "error",
};

const dangers = {
    "no-alert": "error",
    "no-console": "error",
    "no-eval": "error",
    "no-implied-eval": "error",
    "no-new-func": "error",
    "no-script-url": "error",
};

const clarity = {
    curly: "error",
    "default-case-last": "error",
    eqeqeq: ["error", "smart"],
    "no-else-return": "error",
    "no-lonely-if": "error",
    "no-shadow": "error",
    "no-unneeded-ternary": "error",
    "no-useless-return": "error",
    "no-var": "error",
    "object-shorthand": ["error", "methods"],
    "prefer-const": "error",
    "prefer-template": "error",
};

const documentation = {
    "jsdoc/check-param-names": "error",
    "jsdoc/check-tag-names": "error",
    "jsdoc/check-types": "error",
    "jsdoc/empty-tags": "error",
    "jsdoc/require-param-name": "error",
    "jsdoc/require-property-name": "error",
    "jsdoc/valid-types": "error",
};

module.exports = [
    {ignores: ["**/static/lib/**"]},
    {
        files: ["**/static/**/*.js"],
        languageOptions: {
            ecmaVersion: 2024,
            sourceType: "module",
            globals: {
                ...globals.browser,
                Chart: "readonly",
                luxon: "readonly",
                odoo: "readonly",
            },
        },
        linterOptions: {reportUnusedDisableDirectives: "error"},
        plugins: {jsdoc},
        rules: {...mistakes, ...dangers, ...clarity, ...documentation},
    },
];
