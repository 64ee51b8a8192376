"""Who follows a link or loads a picture: a person, or a machine that looks first."""

MACHINES = (
    "aiohttp",
    "apache-httpclient",
    "barracuda",
    "cisco",
    "existence discovery",
    "fortinet",
    "go-http-client",
    "httpx",
    "ironport",
    "java/",
    "libwww",
    "mimecast",
    "node-fetch",
    "okhttp",
    "proofpoint",
    "python-requests",
    "python-urllib",
    "safelinks",
    "skypeuri",
    "sophos",
    "symantec",
    "trend micro",
    "urldefense",
)
"""How programs call themselves that open links in mails before their readers do, beside
those that Odoo knows (``ir.http.is_a_bot``)."""
ANNOUNCEMENTS = ("Purpose", "Sec-Purpose", "X-Moz", "X-Purpose")
"""Headers in which a browser says that nobody looks yet."""
EARLY = ("prefetch", "prerender", "preview")


def is_person(method, headers):
    """Whether a person probably looks. Who pretends to be a browser passes; whoever
    only asks what is there, says who he is or says nothing about himself, does not.

    :param str method: of the request
    :param headers: mapping of its headers

    >>> browser = {"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
    >>> is_person("GET", browser), is_person("HEAD", browser)
    (True, False)
    >>> is_person("GET", {"User-Agent": "Mozilla/5.0 (compatible; Mimecast)"})
    False
    >>> is_person("GET", {**browser, "Sec-Purpose": "prefetch;prerender"})
    False
    >>> is_person("GET", {})
    False
    """
    agent = headers.get("User-Agent", "").lower()
    announced = " ".join(headers.get(name, "") for name in ANNOUNCEMENTS).lower()
    return (
        method == "GET"
        and bool(agent)
        and not any(name in agent for name in MACHINES)
        and not any(word in announced for word in EARLY)
    )
