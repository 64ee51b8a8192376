"""Pages that customers open: everybody can use them, nobody gets more than is his.

Accessibility is judged by axe-core in a real Chromium; the addresses described in
`dunning_automation/static/openapi.json` are tried by schemathesis with whatever input
it can think of.
"""

import json
import re
import subprocess

import pytest
import requests
from installer import paths, schemathesis, server
from installer.browser import Browser

OPENAPI = paths.CHECKOUT / "dunning_automation" / "static" / "openapi.json"
SCREENS = {"desktop": (1400, 900), "phone": (390, 844)}
SEVERE = ("serious", "critical")

TOKEN = """
notices = env["dunning.notice"].search([("state", "=", "ready")], limit=1)
result = [notice._get_account_token() for notice in notices]
"""
AXE = """
axe.run(document).then(found => found.violations.map(violation => ({
    id: violation.id,
    impact: violation.impact,
    nodes: violation.nodes.map(node => node.html.slice(0, 200)),
})))
"""
DARKNESS = """
getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)
    .every(part => part < 64)
"""
# What the keyboard must reach, in the order of the page; what is folded is not there.
FINDABLE = """
window.findable = [...document.querySelectorAll(
    '.o_dunning_account :is(a[href], button, input, select, textarea, summary)'
)].filter(node => node.type !== 'hidden' && node.checkVisibility())
"""
REACHABLE = f"({FINDABLE}).length"
FOCUSED = """
(position => position < 0 ? null : position)(findable.indexOf(document.activeElement))
"""
OUTLINED = """
(style => style.outlineStyle !== 'none' || style.boxShadow !== 'none')
    (getComputedStyle(document.activeElement))
"""
# What nobody changes by a visit, beside the events that tell of it.
STATE = """
env.cr.execute('''
    SELECT (SELECT COUNT(*) FROM dunning_event
             WHERE kind NOT IN ('account_opened', 'message_opened')),
           (SELECT COUNT(*) FROM dunning_hold),
           (SELECT COUNT(*) FROM dunning_promise),
           (SELECT COUNT(*) FROM dunning_dispute),
           (SELECT COUNT(*) FROM payment_transaction),
           (SELECT COUNT(*) FROM ir_attachment WHERE res_model LIKE 'dunning%%'),
           (SELECT MD5(STRING_AGG(id || state, ',' ORDER BY id)) FROM dunning_notice)
''')
result = list(env.cr.fetchone())
"""


@pytest.fixture
def site(odoo_environment, crowd_database, odoo_server, tmp_path):
    """A server with customers who owe something; `token` opens the account of one."""
    log = tmp_path / "token.log"
    [token] = server.run_code(odoo_environment, crowd_database, TOKEN, log)
    started = odoo_server(crowd_database, max_cron_threads=0, workers=2)
    started.token = token
    started.environment = odoo_environment
    return started


@pytest.mark.parametrize("screen", SCREENS)
def test_everybody_can_use_the_account_page(site, axe, tmp_path, screen):
    """No serious violation of WCAG, by day and by night, and nothing to scroll
    sideways; everything that can be unfolded is unfolded."""
    site.check_log = False  # Odoo complains about connections that a browser keeps.
    browser = Browser(tmp_path / "browser", *SCREENS[screen])
    try:
        for scheme, is_dark in {"light": False, "dark": True}.items():
            browser.prefer(scheme)
            browser.open(f"{site.url}/dunning/account/{site.token}")
            browser.run("document.querySelectorAll('details').forEach(d => d.open = 1)")
            browser.run(f"{axe}; 0")
            found = [v for v in browser.run(AXE) if v["impact"] in SEVERE]
            assert found == [], scheme
            assert browser.run(DARKNESS) is is_dark
            overflow = "document.documentElement.scrollWidth - window.innerWidth"
            assert browser.run(overflow) <= 0
            browser.picture(tmp_path / f"{screen}-{scheme}.png")
    finally:
        browser.close()


def test_everything_is_done_with_the_keyboard(site, tmp_path):
    """Tab reaches each button, box and field, in the order of the page, and shows where
    one is; the preferences are unfolded, changed and saved without a mouse."""
    site.check_log = False
    browser = Browser(tmp_path / "browser")
    try:
        browser.open(f"{site.url}/dunning/account/{site.token}")
        wanted = browser.run(REACHABLE)
        assert wanted >= 10
        reached = []
        for _key in range(200):
            browser.press("Tab")
            number = browser.run(FOCUSED)
            if number is not None:
                assert browser.run(OUTLINED), number
                reached.append(number)
            if number is None and reached:
                break
        assert reached == list(range(wanted))
        tab_to(browser, ".o_dunning_preferences summary")
        browser.press("Enter")
        tab_to(browser, "input[name=refused][value=phone]")
        browser.press(" ")
        tab_to(browser, ".o_dunning_preferences button")
        browser.press("Enter")
        saved = "document.querySelector('.alert-success')?.innerText.includes('Saved')"
        browser.wait_for(saved, "the confirmation")
        assert browser.run("document.querySelector('[value=phone]:checked') !== null")
    finally:
        browser.close()


def tab_to(browser, selector: str) -> None:
    for _key in range(100):
        browser.press("Tab")
        if browser.run(f"document.activeElement.matches({json.dumps(selector)})"):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_who_guesses_links_must_wait(site):
    """A link that opens nothing is counted although the answer is an error; a good one
    waits, too, when it comes from the same place."""
    site.check_log = False
    start = f"{site.url}/dunning/account/"
    guesses = [
        requests.get(f"{start}1-{number:064x}", timeout=30) for number in range(30)
    ]
    assert {answer.status_code for answer in guesses} == {404}
    for token in (f"1-{30:064x}", site.token):
        answer = requests.get(start + token, timeout=30)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 600
        assert "Please wait" in answer.text
    elsewhere = {"X-Forwarded-For": "192.0.2.7"}  # Of no worth without proxy_mode.
    assert requests.get(start + token, headers=elsewhere, timeout=30).status_code == 429


def test_axe_would_find_something(axe, tmp_path):
    """A picture without words for those who cannot see it."""
    page = tmp_path / "page.html"
    page.write_text("<html lang='en'><title>x</title><img src='x.png'></html>")
    browser = Browser(tmp_path / "browser")
    try:
        browser.open(page.as_uri())
        browser.run(f"{axe}; 0")
        assert "image-alt" in [violation["id"] for violation in browser.run(AXE)]
    finally:
        browser.close()


def test_no_input_breaks_a_public_address_or_changes_anything(site, tmp_path):
    """As a visitor with a link, and as one without."""
    site.check_log = False  # Odoo warns of each form without its csrf_token.
    state = site_state(site, tmp_path)
    for name, token in {"link": site.token, "guess": "1-x"}.items():
        description = tmp_path / f"{name}.json"
        description.write_text(json.dumps(with_token(token)))
        start, variables = schemathesis.command(site.environment)
        answer = subprocess.run(
            [
                *start,
                "run",
                str(description),
                f"--url={site.url}",
                "--checks=not_a_server_error",
                "--phases=examples,coverage,fuzzing",
                "--max-examples=25",
                "--seed=1",
                "--max-redirects=0",
                "--request-timeout=30",
                "--no-color",
                "--warnings=off",
            ],
            env=variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert answer.returncode == 0, answer.stdout[-5000:] + answer.stderr[-2000:]
    assert site_state(site, tmp_path) == state
    raised = set(re.findall(r"^\w+(?:\.\w+)*Error: .*", site.log.read_text(), re.M))
    # Odoo says so of a call that has not what the method wants.
    assert {error for error in raised if "missing 3 required" not in error} == set()


def with_token(token: str) -> dict:
    """The description for those who know that token (or try one)."""
    described = json.loads(OPENAPI.read_text(encoding="utf-8"))
    described["components"]["parameters"]["token"]["schema"]["enum"] = [token]
    return described


def site_state(site, tmp_path) -> list:
    log = tmp_path / "state.log"
    return server.run_code(site.environment, site.database, STATE, log)
