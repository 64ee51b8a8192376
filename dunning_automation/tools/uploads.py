"""Files of strangers: what they are is what they contain, whatever they are called."""

import re

SIGNATURES = {
    b"%PDF-": "pdf",
    b"\x89PNG\r\n\x1a\n": "png",
    b"\xff\xd8\xff": "jpg",
}
ALL_NAMES = {"pdf": (".pdf",), "png": (".png",), "jpg": (".jpg", ".jpeg")}
MAX_NAME = 80
ODD = re.compile(r"[^\w .()+-]")


def kind(content):
    """``pdf``, ``png`` or ``jpg``, None of anything else.

    >>> kind(b"%PDF-1.7 ..."), kind(b"<html>%PDF-1.7"), kind(b"")
    ('pdf', None, None)
    """
    for signature, name in SIGNATURES.items():
        if content.startswith(signature):
            return name
    return None


def safe_name(name, extension):
    """The name of a file as we keep it: no folders, no odd characters, and the ending
    of what it contains.

    >>> safe_name("Beleg März.PDF", "pdf"), safe_name("a.jpeg", "jpg")
    ('Beleg März.pdf', 'a.jpg')
    >>> safe_name("C:\\\\x\\\\../a<b>.pdf.exe", "pdf"), safe_name("..", "png")
    ('a_b_.pdf.exe.pdf', 'file.png')
    """
    stem = re.split(r"[/\\]", name)[-1]
    for ending in ALL_NAMES[extension]:
        if stem.lower().endswith(ending):
            stem = stem[: -len(ending)]
            break
    stem = ODD.sub("_", stem).strip(" .")[:MAX_NAME]
    return f"{stem or 'file'}.{extension}"
