"""STOP and START, as people write them.

A text that is nothing but one of these words, whatever its accents, capitals and
punctuation. Of STOP, the words that mean nothing else also count where more follows
("Stop, I have paid"): too much silence is better than one message too many, and a
person reads the rest.
"""

import re
import unicodedata

STOP = "stop"
START = "start"

STOP_WORDS = {
    "en": "stop, stop all, stopall, stop sms, unsubscribe, unsubscribe me, cancel, end,"
    " quit, optout, opt out, revoke, remove, remove me, no more sms",
    "de": "stop, stopp, stoppen, abmelden, abbestellen, austragen, ende, keine sms,"
    " keine sms mehr, bitte keine sms mehr, keine nachrichten",
    "fr": "stop, stop sms, arrêt, arrêter, arrêtez, désabonner, désabonnement,"
    " se désabonner, désinscrire, désinscription, plus de sms",
    "es": "stop, alto, baja, dar de baja, darme de baja, parar, pare, cancelar,"
    " detener, no más, no más sms",
    "nl": "stop, stoppen, afmelden, uitschrijven, opzeggen, geen sms, geen sms meer",
    "it": "stop, ferma, fermare, basta, basta sms, annulla, cancella, cancellami,"
    " disiscrivi, disiscrivimi, disiscrizione",
    "pt": "stop, pare, parar, sair, cancelar, remover, descadastrar, anular, chega",
    "ar": "توقف, قف, أوقف, إيقاف, إلغاء, إلغاء الاشتراك, لا للرسائل, stop",
}
START_WORDS = {
    "en": "start, unstop, subscribe, opt in, optin, resume",
    "de": "start, starten, anmelden",
    "fr": "start, reprendre, démarrer, réabonner",
    "es": "start, alta, dar de alta, iniciar, reanudar",
    "nl": "start, starten, aanmelden, hervatten",
    "it": "start, inizia, riprendi, iscrivi, iscrivimi",
    "pt": "start, iniciar, retomar, voltar",
    "ar": "ابدأ, استئناف, اشتراك, start",
}
UNMISTAKABLE = ("stop", "stopp", "unsubscribe", "désabonner", "توقف", "أوقف", "إيقاف")
"""They count at the beginning of a longer text, too."""


def plain(text):
    """Words without accents, capitals and punctuation, one space between them.

    >>> plain(" STOP!! "), plain("Arrêt."), plain("«Désabonner»"), plain("إيقاف")
    ('stop', 'arret', 'desabonner', 'ايقاف')
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char for char in parts if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", letters.replace("\u0640", "")))


def _all(words):
    return {plain(word) for line in words.values() for word in line.split(",")}


_STOP, _START = _all(STOP_WORDS), _all(START_WORDS)
_FIRST = {plain(word) for word in UNMISTAKABLE}


def read(text):
    """``(word, is_all)``: STOP, START or None, and whether the text says nothing else.

    >>> [read(text) for text in ("Stop.", "ARRET", "Baja!", "إلغاء الاشتراك", "unstop")]
    [('stop', True), ('stop', True), ('stop', True), ('stop', True), ('start', True)]
    >>> read("STOP, I have paid"), read("stopp bitte alle SMS")
    (('stop', False), ('stop', False))
    >>> [read(text) for text in ("Ende der Woche", "I will not stop paying", "👍", "")]
    [(None, False), (None, False), (None, False), (None, False)]
    """
    words = plain(text or "")
    if words in _STOP:
        return STOP, True
    if words in _START:
        return START, True
    if words.partition(" ")[0] in _FIRST:
        return STOP, False
    return None, False
