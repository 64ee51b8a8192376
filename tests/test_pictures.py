"""The pictures of README, documentation and app store: all can be taken anew, and the
command never leaves a half or a wrong one."""

import re
import subprocess
from pathlib import PurePosixPath

import pytest
from album import camera
from album.pictures import DRAWN, PICTURES, Picture, see
from installer import errors, paths, steps, testing
from installer.browser import Browser
from PIL import Image

SHOWN_IN = ("*.md", "*/README.md", "docs/*.rst", "*/static/description/index.html")
SHOWN = re.compile(r"""!\[[^]]*\]\(([^)\s]+)|src="([^"]+)"|(?:image|figure):: (\S+)""")
TAKEN = {"worklist", "case", "dashboard_phone", "policy", "email"}


def find_shown(root):
    """The pictures that texts show, from the top of the repository."""
    found = set()
    for pattern in SHOWN_IN:
        for page in root.glob(pattern):
            for match in SHOWN.findall(page.read_text("utf-8")):
                target = page.parent / "".join(match)
                found.add(target.resolve().relative_to(root.resolve()).as_posix())
    return found


# === THE LIST === #


def test_what_is_shown_is_on_the_list_and_there():
    taken = [picture.path for picture in PICTURES]
    assert len(set(taken)) == len(taken)
    assert find_shown(paths.CHECKOUT) == {*taken, *DRAWN}
    assert not [
        path for path in (*taken, *DRAWN) if not (paths.CHECKOUT / path).exists()
    ]


def test_every_picture_of_a_description_is_shown():
    files = paths.CHECKOUT.glob("*/static/description/*.png")
    there = {path.relative_to(paths.CHECKOUT).as_posix() for path in files}
    icons = {path for path in there if PurePosixPath(path).stem == "icon"}
    assert there - icons == {picture.path for picture in PICTURES}


def test_every_way_to_show_a_picture_is_found(tmp_path):
    """Otherwise the tests above prove nothing."""
    for path, text in {
        "README.md": '![A](a/b.png)\n<img src="a/c.png" alt=""/>',
        "docs/page.rst": ".. image:: ../a/d.png\n.. figure:: e.svg\n",
        "a/static/description/index.html": '<img class="x" src="f.png"/>',
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    assert find_shown(tmp_path) == {
        "a/b.png",
        "a/c.png",
        "a/d.png",
        "docs/e.svg",
        "a/static/description/f.png",
    }


def test_each_page_has_something_to_wait_for():
    assert not [
        picture.path for picture in PICTURES if picture.url and not picture.steps
    ]


# === THE COMMAND === #


def take(*arguments):
    return subprocess.run(
        [paths.SETUP / "pictures", *map(str, arguments)], capture_output=True, text=True
    )


def test_unknown_name():
    result = take("no_such_page")
    assert result.returncode == 1
    assert "no_such_page" in result.stderr and "worklist" in result.stderr


LET_A_DAY_PASS = """
env["dunning.sender"]._deliver()
env.cr.commit()
"""


@pytest.fixture
def scenery(odoo_environment, crowd_database, odoo_shell):
    """A database that has what the pictures of `TAKEN` show."""
    odoo_shell(crowd_database, LET_A_DAY_PASS)
    with testing.locks.exclusive(testing.BUILD_LOCK):
        port = {"smtp_port": 1}
        steps.run_in_odoo(
            odoo_environment, "Users", "configure", crowd_database, **port
        )
        steps.run_in_odoo(odoo_environment, "Answers", "answers", crowd_database)
    return crowd_database


def test_pictures_are_taken(scenery, tmp_path):
    result = take(*TAKEN, "--database", scenery, "--folder", tmp_path)
    assert result.returncode == 0, result.stderr
    expected = {tmp_path / p.path: p.size for p in PICTURES if p.name in TAKEN}
    assert set(tmp_path.rglob("*.png")) == set(expected)
    for path, size in expected.items():
        with Image.open(path) as image:
            assert (image.format, image.size) == ("PNG", size)
            # The colour that most of it has leaves something to look at.
            most = max(count for count, _color in image.convert("RGB").getcolors(2**16))
            assert most < 0.97 * size[0] * size[1], path


WRONG = {
    "gone": (
        Picture("gone", "/odoo/dunning-health", (see(".no_such_thing"),)),
        "FAILED",
    ),
    "nobody": (
        Picture("nobody", "/{}", model="dunning.case", domain=(("id", "=", 0),)),
        "There is no dunning.case",
    ),
}


def test_a_wrong_page_leaves_the_old_picture(scenery, tmp_path, monkeypatch):
    """And one message names all that is wrong; what is right is taken beside it."""
    right = next(picture for picture in PICTURES if picture.name == "health")
    wrong = [picture for picture, _said in WRONG.values()]
    monkeypatch.setattr(camera, "PICTURES", [*wrong, right])
    monkeypatch.setattr(camera, "STEP_MILLISECONDS", 5_000)
    monkeypatch.setattr(camera, "REST_SECONDS", 5)
    old = tmp_path / wrong[0].path
    old.parent.mkdir(parents=True)
    old.write_text("old")
    with pytest.raises(errors.SetupError) as raised:
        camera.main([tmp_path, scenery])
    said = dict(
        line.split(": ", 1) for line in raised.value.why.splitlines() if ": " in line
    )
    for picture, reason in WRONG.values():
        assert reason in said[picture.path]
    assert old.read_text() == "old"
    assert {path.name for path in old.parent.iterdir()} == {"gone.png", "health.png"}


@pytest.mark.parametrize(
    "html, said",
    [
        ("<p class='o_error_dialog'>Oops</p>", "Oops"),
        ("<i class='fa fa-spin'></i>", "fa-spin"),
        ("<img src='data:image/png;base64,x'>", "not loaded"),
    ],
)
def test_what_is_wrong_is_not_taken(tmp_path, monkeypatch, html, said):
    monkeypatch.setattr(camera, "REST_SECONDS", 2)
    browser = Browser(tmp_path / "browser")
    try:
        browser.open("about:blank")
        browser.run(f"document.body.innerHTML = {html!r}; 1")
        with pytest.raises(camera.NotTaken, match=said):
            camera._wait_until_still(browser)
    finally:
        browser.close()
