#!/usr/bin/env python3
"""Refuse files that name a place which exists only for the person who wrote them.

Such places are the hosts and folders that the package clients of this machine are set
up with, and the folder of this checkout. None is written here: the clients are asked.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = (
    ("apt-get", "indextargets", "--format", "$(REPO_URI)"),
    ("npm", "config", "get", "registry"),
    ("pip", "config", "list"),
)
URL = re.compile(r"\b(?:https?|file)://[^\s'\"]+")
COMMON_HOSTS = {"127.0.0.1", "::1", "localhost"}
# Parents of checkouts that say nothing about a machine.
COMMON_FOLDERS = {"/", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr/src"}


def place(url):
    """Return what of a URL must not be repeated: its host, or a folder.

    >>> place("https://user:secret@mirror.example/debian/")
    'mirror.example'
    >>> place("file:///data/wheels/")
    '/data/wheels'
    >>> place("http://localhost:3141/simple")
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return folder(parts.path.rstrip("/"))
    return None if parts.hostname in COMMON_HOSTS else parts.hostname


def folder(path):
    """Return the path unless it is one that many machines have."""
    return None if path in COMMON_FOLDERS else path


def answer(command):
    """Return what a client prints; one that is missing has nothing to tell."""
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return ""


def places():
    """Return every place of this machine that must not be written down."""
    urls = (url for command in CLIENTS for url in URL.findall(answer(command)))
    folders = (folder(str(path)) for path in (ROOT, ROOT.parent))
    return sorted({found for found in (*map(place, urls), *folders) if found})


def traces(path, pattern):
    """Yield one line of report for each line of the file that names a place."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        if match := pattern.search(line):
            yield f"{path}:{number}: names {match[0]!r}, a place of this machine"


def main(paths):
    alternatives = "|".join(map(re.escape, places()))
    pattern = re.compile(rf"(?<![\w.*-])(?:{alternatives})(?![\w-])")
    found = [line for path in paths for line in traces(path, pattern)]
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
