"""The rules of ``replies.suggest``, a table per language.

All patterns read the folded text of ``reply_text.fold``: lower case, no accents. A rule
says what the *sender* does, has done or wants; what is only said to be missing
(“unpaid”, “noch nicht bezahlt”) is caught by ``negation``, what is only imagined (“once
it is paid”) by ``imagined``.
"""

import re
from typing import NamedTuple

ORDER = (
    "says_paid",
    "disputes",
    "promises",
    "wrong_contact",
    "unsubscribe",
    "out_of_office",
    "wrong_contact_weak",
)
"""Which kind wins when rules of several match: “we dispute this because it was paid” is
checked in the bank first, and who is on holiday but pays on Friday promised."""


class Rule(NamedTuple):
    """
    :param deniable: a negation nearby takes it back
    :param is_fact: it must have happened; “once”, “if” and the future take it back
    :param needs_date: means something only with a day from today on in the sentence
    :param unless: what in the same sentence takes it back
    """

    pattern: re.Pattern
    deniable: bool = True
    is_fact: bool = False
    needs_date: bool = False
    unless: re.Pattern | None = None


class Language(NamedTuple):
    negation: re.Pattern
    late_negation: re.Pattern
    imagined: re.Pattern
    rules: dict


def _rules(*patterns, unless=None, **options):
    unless = unless and re.compile(unless)
    return [Rule(re.compile(text), unless=unless, **options) for text in patterns]


def _facts(*patterns, **options):
    return _rules(*patterns, is_fact=True, **options)


def _sure(*patterns, **options):
    """Rules that contain their own negation, or that nobody denies."""
    return _rules(*patterns, deniable=False, **options)


AUTOMATIC_SUBJECT = re.compile(
    r"(?:automatic reply|auto(?:matic)?[- ]?(?:reply|response)|autoreply"
    r"|out of (?:the )?"
    r"office|abwesenheit\w*|automatische (?:antwort|abwesenheit\w*)|abwesend"
    r"|reponse automatique|(?:message d')?absen(?:ce|t)\b|respuesta automatica"
    r"|fuera de (?:la )?oficina|ausencia|ausente|automatisch antwoord|afwezig\w*"
    r"|risposta automatica|assente|fuori ufficio|resposta automatica"
    r"|fora do escritorio)"
)
NEVER = re.compile(r"(?!)")

# --- English ---

_EN_MONEY = r"(?:payment|transfer|wire|money|funds|remittance|check|cheque)"
_EN_GOODS = (
    r"(?:goods?|items?|products?|delivery|deliveries|parts?|machines?|orders?"
    r"|shipments?|equipment|pallets?|boxes|services?)"
)
_EN = Language(
    re.compile(
        r"\b(?:not|never|neither|nor|cannot|unable|nobody|failed|fails|forgot\w*"
        r"|overlooked|missed|yet to|haven'?t|hasn'?t|\w+n't)\b"
    ),
    NEVER,
    re.compile(
        r"\b(?:will|shall|going to|to be|must be|can be|would|could|whether|once|if"
        r"|until|unless|as soon as|should be (?:paid|made|settled))\b|\b\w+'ll\b"
    ),
    {
        "says_paid": _facts(
            r"\b(?:have|has|had|'?ve|was|were|been|got|already|just|i|we|they)\s+"
            r"(?:[\w']+\s+){0,4}?(?:paid|transferred|wired|remitted|settled|cleared"
            r"|debited)\b(?! (?:over )?to (?:our|the|my"
            r"|another) (?:\w+ )?(?:department|team"
            r"|colleagues?|accounting|office|finance))",
            rf"\b{_EN_MONEY}\s+(?:[\w']+\s+){{0,6}}?(?:was|were|has|have|had|is"
            rf"|went)\s+"
            r"(?:\w+\s+){0,3}?(?:made|sent|done|executed|processed|transferred|settled"
            r"|initiated|ordered|completed|cleared|remitted|out|through|left|issued"
            r"|mailed|credited)\b",
            r"\b(?:invoice|bill|balance|amount|it|this|that|all|everything)\s+"
            r"(?:[\w/#-]+\s+){0,4}?(?:is|are|'s)\s+(?:\w+\s+){0,2}?(?:paid|settled)\b",
            r"^\W*(?:already )?(?:paid|transferred|wired|remitted|settled)\b",
            r"\bpaid\s+(?:on|by|via|last|yesterday|today|this|in full|already|the|it|in"
            r"|with|your|you|half|\d|eur|\$|€)",
            rf"\b{_EN_MONEY}\s+(?:already\s+|was\s+)?(?:sent|made|done|executed"
            r"|completed|went out|went through|left our account)\b",
            r"\b(?:sent|made|wired|completed|processed|executed|initiated|issued|mailed"
            rf"|did)\s+(?:\w+\s+){{0,4}}?{_EN_MONEY}\b",
            r"\bshould (?:already |now )?(?:be (?:in|on|with) (?:your|you)"
            r"|have (?:already )?(?:arrived|reached|been credited))",
            r"\b(?:amount|payment|money|sum|funds)\b.{0,20}?\bleft our account\b",
            r"\bpayment (?:confirmation|receipt) (?:is )?(?:attached|enclosed)\b",
            r"\b(?:see|find|attached|attach|enclosed)\b.{0,40}\b(?:proof of payment"
            r"|payment (?:confirmation|receipt|slip|advice)|remittance advice"
            r"|bank (?:slip|statement|receipt)|transfer (?:receipt|confirmation))\b",
        ),
        "disputes": [
            *_sure(
                r"\b(?:will|shall|are|am|is|do|does)(?:\s+not|n't)\s+(?:\w+\s+){0,2}?"
                r"(?:pay|paying|accept\w*|agree)\b(?!.{0,40}\b(?:before|until|till)\b)"
                r"(?! attention)",
                r"\bwon't (?:\w+ )?(?:pay|accept|be paying)\b(?!.{0,40}\b(?:before"
                r"|until"
                r"|till)\b)",
                r"\b(?:will|can) ?not be paid\b(?!.{0,40}\b(?:before|until|till)\b)",
                r"\b(?:cannot|can't|can not|don't|do not) (?:agree|accept"
                r"|recogni[sz]e)",
                r"\b(?:never|not|n't)\s+(?:yet\s+)?(?:ordered|order|requested"
                r"|signed up|purchased?|bought|buy)\b",
                r"\bnot (?:as|what (?:was|we|i))\s*(?:agreed|ordered|described"
                r"|discussed)?",
                rf"\b{_EN_GOODS}\b.{{0,60}}?(?:\bnever|\bnot|n't)\s+(?:\w+\s+){{0,2}}?"
                r"(?:arriv\w+|receiv\w+|deliver\w+|work\w*|complet\w*|provid\w+|come)",
                r"(?:\bnever|\bnot|n't)\s+(?:\w+\s+){0,2}?(?:receiv\w+|got|gotten"
                r"|get)\s+"
                rf"(?:\w+\s+){{0,4}}?{_EN_GOODS}\b",
                r"\b(?:invoice|amount|price|quantity|bill|charge|total|vat|tax"
                r"|figures?)"
                r"s?\b.{0,40}?\b(?:not|n't)\s+(?:\w+\s+)?(?:correct|right|match\w*"
                r"|agree"
                r"|correspond)",
            ),
            *_rules(
                r"\b(?:disput\w+|contest(?:ing|ed)?|object(?:ing)? to|object(?:ion)s?"
                r"|reject\w*|refus\w+|withhold\w*)\b",
                r"\b(?:invoice|amount|price|quantity|bill|charge|total|vat|tax|discount"
                r"|rate)s?\b.{0,40}?\b(?:wrong|incorrect|too high|mistake\w*"
                r"|inaccurate|an error|missing|false|differs?|doubled?)\b",
                r"\b(?:wrong|incorrect|mistake in the|error (?:in|on) (?:the|your"
                r"|this))\s+"
                r"(?:amount|price|quantity|invoice|vat|items?|goods|products?|total"
                r"|bill|rate|parts?)\b",
                rf"\b{_EN_GOODS}\b.{{0,60}}?\b(?:damaged|defective|faulty|broken"
                r"|missing|incomplete|useless)\b",
                r"\b(?:complain(?:ed|ing|ts?)?|defects?|damaged|defective|faulty"
                r"|credit notes?|overcharged|double[- ]charged|charged (?:us )?twice"
                r"|billed (?:us )?twice|poor quality|scratch\w*|cracked|leak(?:s|ed"
                r"|ing)?)\b",
                r"\b(?:billed|charged|invoiced)\b.{0,60}?\b(?:but|only|instead)\b",
                rf"\b(?:returned|sent back)\b.{{0,30}}?\b{_EN_GOODS}\b"
                rf"|\b{_EN_GOODS}\b.{{0,30}}?\b(?:returned|sent back)\b",
                r"\bcancell?ed\b.{0,20}\b(?:order|contract|subscription|booking)\b"
                r"|\b(?:order|contract|subscription|booking)\b.{0,30}\bcancell?ed\b",
            ),
        ],
        "promises": [
            *_rules(
                r"(?:\b(?:will(?! you)|shall|going to|gonna|intend to|plan to"
                r"|promise to"
                r"|aim to|expect to|commit to|undertake to)|'ll)\s+(?:[\w']+\s+){0,4}?"
                r"(?:pay|transfer|settle|remit|wire|clear)\b",
                r"(?:\b(?:will|shall|going to)|'ll)\s+(?:[\w']+\s+){0,3}?(?:send|make"
                rf"|process|arrange|initiate|release"
                rf"|do)\s+(?:\w+\s+){{0,4}}?{_EN_MONEY}",
                rf"\b(?:{_EN_MONEY}|invoice|amount|balance|it|bill)\b.{{0,40}}?"
                r"(?:\b(?:will|shall)|'ll)\s+(?:\w+\s+){0,2}?(?:be (?:\w+ )?(?:paid"
                r"|made"
                r"|sent|transferred|settled|processed|executed|released|on its way"
                r"|with you|initiated)|go out|follow|arrive|leave|reach)",
                rf"\b(?:{_EN_MONEY}|invoice|it)\b.{{0,30}}?\b(?:is|has been|was|are)\s+"
                r"(?:\w+\s+){0,2}?(?:scheduled|planned|approved|queued|released for"
                r"|included in (?:our|the) next|in (?:our|the) next)",
                r"\b(?:next|coming|upcoming) (?:payment|check|cheque) run\b",
                r"\byou(?: will| should|'ll)\s+(?:\w+\s+)?(?:have|get|receive|see)\b"
                r".{0,40}?\b(?:money|payment|amount|funds|transfer)\b",
            ),
            *_rules(
                rf"\b(?:pay|paying|transfer|transferring|settle|settling|{_EN_MONEY})\b"
                r"|\btake care of (?:it|this|that)\b",
                needs_date=True,
                unless=r"\?|\b(?:please (?:extend|wait|confirm|send)|can we|could we"
                r"|may we|deadline|due)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\b(?:no longer|not|doesn't|don't|isn't)\b.{0,40}?\b(?:works?|working"
            r"|responsible|employed|in charge|with (?:the|this|our) company"
            r"|monitored|in use)\b(?: (?:here|for us|any ?more))?",
            r"\bwrong (?:person|contact|address|department|recipient|company|e-?mail"
            r"|mailbox|inbox)",
            r"\b(?:not|n't)(?: the)? (?:right|correct|proper|responsible) (?:person"
            r"|contact|department|address)",
            r"\b(?:has |have |i )?left (?:the|our) (?:company|firm|organi[sz]ation"
            r"|business)",
            r"\b(?:retired|(?:his|her|their|my) successor)\b",
            r"\b(?:is|are|has been|have been) (?:now )?(?:handled|managed|taken over"
            r"|dealt with) by\b",
            r"\b(?:all |future |these |such |further )(?:invoices?|reminders?|mails?"
            r"|messages|correspondence)\b.{0,30}?\b(?:should|must|to be|go|send|sent)"
            r" (?:\w+ )?(?:to|sent to)\b",
        ),
        "wrong_contact_weak": _sure(
            r"\bplease (?:contact|write to|address|forward|direct|send|use|get in touch"
            r"|turn to|reach out to)\b.{0,80}?(?:@|\b(?:instead|accounting|accounts"
            r" payable|finance|bookkeep\w+|colleague|my successor)\b)",
        ),
        "unsubscribe": _sure(
            r"\bunsubscribe\b|\bopt(?:ing)?[- ]?out\b",
            r"\b(?:remove|delete|take) (?:me|us|my|our|this)\b.{0,40}?\b(?:list|address"
            r"|e-?mail|database|distribution)",
            r"\bstop (?:sending|e?-?mailing|writing|contacting|these|this|spamming"
            r"|bothering|messaging)\b",
            r"\b(?:do not|don't|never)\s+(?:\w+\s+)?(?:send|write|e?-?mail|contact)\b"
            r".{0,40}?\b(?:any ?more|again|any further|any more|further|ever)\b",
            r"\bno (?:more|further) (?:e-?mails|mails|messages|reminders|newsletters?)",
            r"\b(?:do not|don't) (?:want|wish) (?:\w+ )?(?:to (?:get|receive)|any)\b"
            r".{0,30}?\b(?:e-?mails?|mails?|messages|reminders)",
        ),
        "out_of_office": _sure(
            r"\bout of (?:the )?office\b|\bback (?:in|at) (?:the|my) (?:office|desk)\b",
            r"\b(?:am|i'm|are|we're|is|be) (?:\w+ )?(?:on|away"
            r"|out)\b.{0,20}?\b(?:vacation"
            r"|holidays?|leave|business trip|until|from|travel\w*)\b",
            r"\bon (?:annual |maternity |parental |sick )?(?:leave|vacation"
            r"|holidays?)\b",
            r"\b(?:limited|no) access to (?:my |our )?e-?mails?",
            r"\bi (?:will|'ll) (?:be (?:back|away|out)|return)\b|\bi'll be back\b",
            r"\boffices? (?:is|are|will be) closed\b",
            r"\b(?:answer|reply|respond)\w*\b.{0,25}?\bafter (?:my|\w+ ?\d|the)",
        ),
    },
)

# --- German ---

_DE_PAID = (
    r"(?:be|ge|an|voraus)?zahlt|ue?berwiesen|beglichen|angewiesen|eingezahlt"
    r"|ausgeglichen|abgebucht|gezahlt|eingelo?e?st"
)
_DE_MONEY = (
    r"(?:zahlung|ue?berweisung|betrag|geld|summe|begleichung|bezahlung|zahlungseingang)"
)
_DE_GOODS = (
    r"(?:ware|lieferung|artikel|leistung|bestellung|teile?|paket|gerae?t|maschine"
    r"|produkte?|sendung|palette|dienstleistung)n?"
)
_DE = Language(
    re.compile(
        r"\b(?:nicht|nie|niemals|kein(?:e|en|er|em|es)?|weder|ohne|vergessen"
        r"|versae?umt|unbezahlt)\b"
    ),
    re.compile(r"\s*(?:\S+\s+){0,2}?(?:nicht|nie|kein(?:e|en)?)\b"),
    re.compile(
        r"\b(?:sobald|wenn|falls|sofern|ob|werden?|werde|wird|soll(?:en)?|muss"
        r"|mue?ssen|bevor|zu)\b"
    ),
    {
        "says_paid": [
            *_facts(
                rf"\b(?:haben?|hat|hatten?|wurden?|ist|sind|war|waren)\b[^,]{{0,110}}?"
                rf"\b(?:{_DE_PAID})\b",
                rf"\b(?:{_DE_PAID})\s+(?:worden|wurden?|haben?|hat|hatten?|ist)\b",
                r"\b(?:bereits|schon|lae?ngst|gestern|heute|vorgestern|letzte woche)\s+"
                rf"(?:\S+\s+){{0,5}}?(?:{_DE_PAID})\b",
                rf"\bam \d[\d. ]*(?:\w+\s+){{0,3}}?(?:{_DE_PAID})\b",
                rf"\b(?:{_DE_MONEY})\b[^,]{{0,40}}?\b(?:ist|wurde|hat|haben|war|ging)\b"
                r"[^,]{0,60}?\b(?:erfolgt|veranlasst|getae?tigt|ausgefue?hrt|raus"
                r"|durchgefue?hrt|in auftrag gegeben|unterwegs|rausgegangen"
                r"|hinausgegangen|vorgenommen|abgegangen)\b",
                rf"\b(?:haben?|hat|hatte|wurde)\b[^,]{{0,60}}?\b(?:{_DE_MONEY})\b[^,]"
                r"{0,50}?\b(?:veranlasst|getae?tigt|ausgefue?hrt|in auftrag gegeben"
                r"|vorgenommen|freigegeben|rausgeschickt|geleistet)\b",
                r"\b(?:wir|ich)\s+(?:zahlten|ue?berwies(?:en)?|bezahlten?|beglichen)\b",
                r"\brechnung\b.{0,30}?\b(?:ist|wurde)\b.{0,20}?\b(?:erledigt)\b",
            ),
            *_rules(
                r"\b(?:mue?sste|sollte|due?rfte)\b.{0,60}?\b(?:eingegangen|da sein"
                r"|angekommen|gutgeschrieben|auf (?:ihrem|eurem|dem) konto)",
                r"\b(?:anbei|anhang|beigefue?gt\w*|siehe|angehae?ngt\w*|anlage|sende|"
                r"schicke)\b.{0,60}?\b(?:zahlungsbeleg|ue?berweisungsbeleg"
                r"|kontoauszug|zahlungsnachweis|zahlungsbestae?tigung"
                r"|ue?berweisungsbestae?tigung|zahlungsavis)\b",
                r"\b(?:zahlungsbeleg|ue?berweisungsbeleg|kontoauszug|zahlungsnachweis"
                r"|zahlungsbestae?tigung)\b.{0,40}?\b(?:anbei|anhang|beigefue?gt"
                r"|anlage|angehae?ngt)\b",
            ),
        ],
        "disputes": [
            *_sure(
                r"\b(?:werden|werde|wird)\s+(?:\w+\s+){0,5}?nicht\s+(?:\w+\s+)?"
                r"(?:zahlen|bezahlen|akzeptieren|anerkennen|bezahlt|ue?berwiesen"
                r"|ue?berweisen|begleichen)\b",
                r"\b(?:zahlen|bezahlen|zahle|bezahle|akzeptieren|akzeptiere)\s+"
                r"(?:\w+\s+){0,4}?nicht\b(?! (?:vor|sofort|heute|gleich))",
                r"\bnicht (?:einverstanden|akzeptier\w+|bereit|nachvollzieh\w+)\b",
                r"\berkenne?n?\b.{0,50}?\bnicht an\b",
                r"\b(?:rechnung|betrag|preis|menge|position|summe|stunden\w*|rabatt)\b"
                r".{0,50}?\b(?:nicht korrekt|nicht richtig|stimm\w+ (?:so |aber "
                r"|leider )?"
                r"nicht|nicht nachvollzieh\w+|nicht vereinbart)",
                r"\bstimm(?:t|en) (?:so |aber |leider )?nicht\b",
                rf"\b{_DE_GOODS}\b.{{0,60}}?\b(?:nicht|nie)\s+(?:\w+\s+){{0,3}}?"
                r"(?:erhalten|angekommen|geliefert|bekommen|eingetroffen|erbracht"
                r"|funktion\w+|da|vollstae?ndig|beauftragt|bestellt)\b",
                rf"\b{_DE_GOODS}\b.{{0,40}}?\b(?:fehlt|fehlen|funktioniert nicht"
                r"|unvollstae?ndig\w*)\b",
                r"\b(?:nie|nicht|niemals|nichts)\s+(?:\w+\s+){0,2}?(?:bestellt"
                r"|beauftragt"
                r"|in auftrag gegeben)\b",
                r"\b(?:noch )?(?:keine?|nichts)\s+(?:\w+\s+)?(?:ware|lieferung|leistung"
                r"|bestellung|geliefert)\b",
            ),
            *_rules(
                r"\b(?:reklam\w+|bestreiten?|widersprech\w+|widerspreche|widerspruch"
                r"|einspruch|beanstand\w+|mangelhaft\w*|mae?ngel\w*|mangel|defekt\w*"
                r"|beschae?digt\w*|fehlerhaft\w*|kaputt\w*|gutschrift\w*|storn\w+"
                r"|ungerechtfertigt\w*|unberechtigt\w*|strittig\w*|verweiger\w+"
                r"|zurue?ckweisen|weisen .{0,40}zurue?ck|gekue?ndigt)\b",
                r"\b(?:rechnung|betrag|preis|menge|position|summe|steuer\w*)\b.{0,50}?"
                r"\b(?:falsch\w*|unkorrekt|zu hoch|inkorrekt|fehler|doppelt)\b",
                r"\bfalsche[rnms]?\s+(?:rechnung|betrag|preis|menge|ware|artikel"
                r"|lieferung|mehrwertsteuer|mwst|teile?)\b",
                r"\b(?:\w*kratz\w*|zurue?ck(?:geschickt|gesandt|gegeben)|retourniert"
                r"|retouren?"
                r"|rue?cksendung|undicht)\b",
                r"\b(?:berechnet|abgerechnet|in rechnung)\b.{0,60}?\b(?:aber|nur"
                r"|statt)\b",
                r"\b(?:doppelt|zweimal)\s+(?:\w+\s+)?(?:berechnet|abgerechnet"
                r"|in rechnung)",
            ),
        ],
        "promises": [
            *_rules(
                r"\b(?:werden?|werde|wird|wollen|will|mue?ssten)\b.{0,90}?\b(?:zahlen"
                r"|bezahlen|ue?berweisen|begleichen|anweisen|ausgleichen|bezahlt"
                r"|ue?berwiesen|beglichen|angewiesen|gezahlt|ausgeglichen)\b",
                rf"\b(?:{_DE_MONEY})\b.{{0,60}}?\b(?:wird|werden|werde)\b.{{0,60}}?"
                r"\b(?:ausgefue?hrt|veranlass\w+|erfolgen|freigegeben|getae?tigt"
                r"|rausgehen|vorgenommen|in auftrag)",
                r"\b(?:werden|werde|wird)\b.{0,60}?"
                rf"\b(?:{_DE_MONEY})\b.{{0,40}}?\b(?:veranlassen|tae?tigen|vornehmen"
                r"|ausfue?hren|erfolgen|freigeben)\b",
                rf"\b(?:{_DE_MONEY}|rechnung)\b.{{0,50}}?\b(?:erfolgt|folgt|geht"
                r".{0,30}?raus|geht (?:am|morgen|heute|nae?chste)|eingeplant|geplant"
                r"|vorgesehen|terminiert|kommt)\b",
                r"\b(?:nae?chste[rnms]?|kommende[rnms]?|im)\s+(?:zahlungslauf"
                r"|zahllauf)",
                r"\b(?:sagen|sage|verspreche[n]?|sichern|zugesagt)\b.{0,60}?\bzahl\w+",
            ),
            *_rules(
                r"\b(?:wir|ich|er|sie|es)\s+(?:\S+\s+){0,3}?(?:zahlen|zahle|zahlt"
                r"|bezahlen?|bezahlt|ue?berweisen?|begleichen?|veranlassen?|weisen?)\b",
                r"\b(?:zahlen|zahle|zahlt|bezahlen?|ue?berweisen?|ue?berweist"
                r"|begleichen?|veranlassen?|weisen?)\s+(?:wir|ich|es|den|die|das|ihnen"
                r"|diese|dann|sie|unsere?)\b",
                rf"\b{_DE_MONEY}\b",
                r"\bkue?mmer\w* (?:mich|uns)\b",
                r"\bhaben sie\s+(?:\w+\s+)?(?:das geld|den betrag|ihr geld"
                r"|die zahlung)",
                r"\b(?:kann|kue?nnen|koennen|konnen)\b[^?]{0,60}?\b(?:zahlen|bezahlen"
                r"|ue?berweisen|begleichen)\b",
                needs_date=True,
                unless=r"\?|\b(?:wie gewohnt|aufschub|frist|fae?llig\w*"
                r"|verlae?nger\w*)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\bnicht (?:mehr )?(?:\w+ )?zustae?ndig\b",
            r"\bfalsche[rn]? (?:ansprechpartner\w*|adresse|person|empfae?nger\w*"
            r"|abteilung|e-?mail\w*|kontakt\w*|firma)",
            r"\bnicht (?:der|die) richtige",
            r"\b(?:arbeite[tn]?|ist|bin|tae?tig)\b.{0,60}?\bnicht mehr\b.{0,30}?"
            r"\b(?:bei uns|im unternehmen|hier|tae?tig|beschae?ftigt|in der firma|da"
            r"|bei der|fue?r (?:uns|die))\b",
            r"\b(?:unternehmen|firma|betrieb|haus)\b.{0,30}?\bverlassen\b",
            r"\b(?:ausgeschieden|ruhestand|in rente|pensioniert|nachfolger\w*"
            r"|neue[rn]? ansprechpartner\w*"
            r"|richtige[rn]? ansprechpartner\w*)\b",
            r"\b(?:postfach|adresse|mailadresse|e-mail-adresse)\b.{0,40}?\bnicht mehr",
            r"\b(?:kue?nftig|zukue?nftig|in zukunft)\b.{0,50}?\ban\b.{0,40}?"
            r"(?:@|buchhaltung|kollegin|kollegen)",
        ),
        "wrong_contact_weak": _sure(
            r"\b(?:wenden|richten|schicken|senden|schreiben|leiten) sie\b.{0,80}?"
            r"(?:@|\b(?:buchhaltung|kreditoren\w*|kollegin|kollegen|kollege)\b)",
        ),
        "unsubscribe": _sure(
            r"\b(?:abmelden|abbestellen|abbestellung|abmeldung|austragen)\b",
            r"\b(?:aus|von)\s+(?:\w+\s+)?(?:mail)?(?:verteiler|adressliste"
            r"|mailingliste|liste)\b",
            r"\bkeine (?:weiteren )?(?:e-?mails?|mails?|nachrichten|mahnungen"
            r"|erinnerungen|werbung|mahnmails)\b.{0,30}?\b(?:mehr|senden|schicken"
            r"|zusenden|zu schicken|zu senden|erhalten|bekommen)\b",
            r"\b(?:schreiben|schicken|senden|kontaktieren|belae?stigen) sie\b.{0,30}?"
            r"\b(?:nicht mehr|nie wieder|keine)\b",
            r"\b(?:adresse|daten|e-?mail)\b.{0,40}?\b(?:lo?e?schen|entfernen)\b",
            r"\bho?e?ren sie auf\b|\bunterlassen sie\b",
        ),
        "out_of_office": _sure(
            r"\babwesen\w+|\bim urlaub\b|\bin (?:elternzeit|mutterschutz|kur)\b",
            r"\b(?:nicht|auss?er(?:halb)?)\b.{0,15}?\b(?:bue?ros?|haus(?:es)?)\b",
            r"\bnicht (?:\w+ ){0,2}?(?:erreichbar|zu erreichen)\b",
            r"\b(?:wieder|ab dem|ab)\b.{0,30}?\b(?:im bue?ro|erreichbar|zurue?ck"
            r"|fue?r sie da|persoe?nlich)\b",
            r"\bbetriebs(?:ferien|urlaub)\b|\bbue?ro\b.{0,30}?\bgeschlossen\b",
            r"\b(?:wird|werden) nicht weitergeleitet\b|\bautomatische antwort\b",
            r"\berst (?:nach|wieder|ab)\b.{0,40}?\b(?:beantwort\w+|antworten"
            r"|erreichbar)",
            r"\bbin (?:bis|vom|ab)\b.{0,40}?\b(?:nicht|weg|verreist|krank)\b",
        ),
    },
)

# --- French ---

_FR_PAID = r"(?:paye|regle|vire|solde|acquitte|verse|transfere|debite)(?:e|s|es)?"
_FR_MONEY = r"(?:virement|paiement|reglement|versement|cheque|fond)s?"
_FR_GOODS = (
    r"(?:marchandise|livraison|commande|produit|colis|materiel|prestation|piece|article"
    r"|machine|palette)s?"
)
_FR = Language(
    re.compile(r"\b(?:ne|pas|jamais|aucune?|impayee?s?|oublie\w*|omis)\b|\bn'"),
    re.compile(r"\s*(?:\w+\s+){0,1}?(?:pas|jamais|rien)\b"),
    re.compile(
        r"\b(?:sera|seront|serait|des que|si|quand|lorsque|une fois|aussitot|allons"
        r"|vais|va|vont|devons|dois|doit|avant de)\b"
    ),
    {
        "says_paid": _facts(
            rf"\b(?:ai|avons|a|ont|avait|avions|ete|est|sont)\s+(?:[\w']+\s+){{0,5}}?"
            rf"{_FR_PAID}\b(?! par carte \?)",
            rf"\b{_FR_MONEY}\b.{{0,60}}?\b(?:a|ont|est|ete|deja|bien)\b.{{0,30}}?"
            r"\b(?:effectue|envoye|fait|parti|emis|execute|realise|passe|poste)e?s?\b",
            rf"\b{_FR_MONEY}\s+(?:\w+\s+)?(?:effectue|envoye|fait|parti|emis|execute"
            r"|realise|poste)e?s?\b",
            r"\b(?:avons|ai|a)\s+(?:bien |deja |aussi )?(?:effectue|fait|envoye|procede"
            rf"|emis|passe|realise|poste|ordonne)\s+(?:\w+\s+){{0,4}}?{_FR_MONEY}\b",
            rf"\b(?:ci-joint|ci-jointe?s?|piece jointe|joint|joins|trouverez|voici)\b"
            rf".{{0,60}}?\b(?:preuve|avis|justificatif|confirmation|ordre|copie)\b"
            rf".{{0,20}}?\b{_FR_MONEY}\b",
            rf"\b(?:preuve|justificatif|avis|confirmation) (?:de|du) {_FR_MONEY}"
            r"\b.{0,20}?\b(?:ci-joint|joint|jointe)\b",
            rf"\bdeja\s+(?:ete\s+)?{_FR_PAID}\b",
            rf"\bfactures?\b.{{0,30}}?\b{_FR_PAID}\s+(?:le|par|hier|depuis|en)\b",
            r"\b(?:devriez|devrait)\b.{0,20}?\b(?:avoir recu|etre (?:arrive|credite)"
            r"|deja)\b",
        ),
        "disputes": [
            *_sure(
                r"\bne\s+(?:\w+\s+)?(?:paierons|payerons|paierai|payerai|reglerons"
                r"|reglerai|sera|acceptons|accepte|reconnaissons|reconnais)\s+"
                r"(?:donc\s+|certainement\s+)?pas\b(?! (?:\w+ )?(?:avant|disponible))",
                r"\bn'accept\w+ pas\b|\bpas d'accord\b|\ben desaccord\b"
                r"|\brien commande\b",
                r"\b(?:jamais|pas|rien)\s+(?:\w+\s+){0,2}?(?:commande|demande)e?s?\b",
                r"\b(?:jamais|pas|rien)\s+(?:\w+\s+){0,2}?(?:recu|obtenu)e?s?\s+"
                rf"(?:\w+\s+){{0,2}}?{_FR_GOODS}\b",
                rf"\b{_FR_GOODS}\b.{{0,60}}?\b(?:pas|jamais|plus)\s+(?:\w+\s+){{0,2}}?"
                r"(?:recu|livre|arrive|conforme|fonctionn|effectue|complet)\w*",
                r"\b(?:pas|jamais) (?:\w+ )?ete (?:livre|effectue|realise|recu)\w*",
                r"\b(?:facture|montant|prix|quantite|tva|total)s?\b.{0,40}?"
                r"\b(?:pas (?:correct|exact|juste|bon|conforme)\w*|ne correspond)",
            ),
            *_rules(
                r"\b(?:contest\w+|litige|reclamation|desaccord|refus\w+|defectueu\w+"
                r"|endommage\w*|casse\w*|non conforme\w*|malfacon\w*|errone\w*"
                r"|note de credit|abime\w*)\b",
                r"\b(?:un|d'un|votre) avoir\b",
                r"\b(?:facture|montant|prix|quantite|tva|total)s?\b.{0,40}?\b(?:faux"
                r"|fausse|incorrect\w*|trop eleve\w*|erreur)\b",
                r"\berreur (?:sur|dans|de)\b.{0,20}?\b(?:facture|montant|prix"
                r"|facturation|quantite|calcul)",
                rf"\b{_FR_GOODS}\b.{{0,60}}?\b(?:incomplete?s?|manqu\w+)\b",
                r"\b(?:annule|resilie)e?\b.{0,25}?\b(?:commande|facture|contrat"
                r"|abonnement)|\b(?:commande|contrat|abonnement)\b.{0,30}?\b(?:annule"
                r"|resilie)",
                r"\bfacture\w* (?:\w+ )?(?:deux fois|en double)\b",
                r"\b(?:raye|fissure|retourne|renvoye)e?s?\b(?! (?:la|cette) facture)",
                r"\bfacturez\b.{0,60}?\b(?:mais|seulement|que|ont)\b",
            ),
        ],
        "promises": [
            *_rules(
                r"\b(?:payer(?:ai|ons|ont)|paier(?:ai|ons|ont|a)|regler(?:ai|ons|ont)"
                r"|virer(?:ai|ons)|verser(?:ai|ons)|solder(?:ai|ons))\b",
                r"\b(?:effectuer|proceder|fer|enverr|realiser|emettr|passer"
                rf")(?:ai|ons|a|ont)\b.{{0,40}}?\b{_FR_MONEY}\b",
                r"\b(?:vais|allons|va|vont|compte|comptons|prevoyons|prevois|pensons"
                r"|m'engage|engageons)\b.{0,50}?\b(?:payer|regler|virer|verser"
                r"|effectuer|solder|proceder|faire (?:le|un) virement)\b",
                rf"\b(?:{_FR_MONEY}|facture|somme|montant|solde)\b.{{0,50}}?"
                r"\b(?:sera|seront)\b.{0,30}?\b(?:effectue|fait|regle|paye|vire"
                r"|envoye|emis|execute|verse|poste|solde|lance|realise|parti"
                r"|mis en paiement)",
                rf"\b{_FR_MONEY}\b.{{0,40}}?\b(?:prevue?|programmee?|planifiee?"
                r"|interviendra|partira|aura lieu|suivra|arrivera|partiront)\b",
                r"\b(?:serez|seront) (?:\w+ )?(?:paye|regle)e?s?\b",
                r"\bprochaine? (?:campagne|lot|serie|echeance|vague|train)\b.{0,20}?"
                r"\b(?:reglement|paiement|virement)s?\b",
            ),
            *_rules(
                r"\b(?:je|nous|on)\s+(?:\w+\s+){0,3}?(?:paye|paie|regle|vire|payons"
                r"|reglons|virons|fais|faisons|effectue|effectuons|soldons)\b",
                r"\b(?:peux|pouvons|pourrons|pourrai)\b[^?]{0,40}?\b(?:payer|regler"
                r"|virer|effectuer|solder)\b",
                rf"\b{_FR_MONEY}\b",
                r"\b(?:m'en occupe|nous en occupons|m'en charge)\b",
                needs_date=True,
                unless=r"\?|\b(?:delai|echeance du|merci de|veuillez)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\bmauvais(?:e)? (?:interlocuteur|interlocutrice|personne|adresse|contact"
            r"|destinataire|service|e-?mail|societe)",
            r"\bpas (?:le|la) (?:bon|bonne) (?:interlocut\w+|personne|contact|adresse"
            r"|service|destinataire)",
            r"\b(?:ne|n')\s*(?:travaille|fais|fait|est|suis|gere|m'occupe"
            r"|s'occupe)\s+plus\b"
            r"(?! disponible)",
            r"\ba la retraite\b|\bson successeur\b|\bsa remplacante\b",
            r"\ba quitte\b.{0,15}?\b(?:societe|entreprise|groupe)\b",
            r"\bne (?:suis|sommes) (?:pas|plus) (?:\w+ )?(?:concerne|responsable"
            r"|en charge|competent|la bonne|le bon|chargee?)\w*",
            r"\b(?:desormais|dorenavant|a l'avenir)\b.{0,60}?(?:@|comptabilite)",
            r"\b(?:boite|adresse)\b.{0,40}?\bn'est plus\b",
        ),
        "wrong_contact_weak": _sure(
            r"\b(?:veuillez|merci de|priere de|vous pouvez)\s+(?:\w+\s+)?(?:contacter"
            r"|adresser|ecrire|envoyer|joindre|transmettre)\b.{0,80}?(?:@"
            r"|\b(?:comptabilite|collegue|service)\b)",
        ),
        "unsubscribe": _sure(
            r"\bdesabonn\w+|\bdesinscri\w+|\bse desinscrire\b",
            r"\b(?:ne|n')\s*(?:m'|me |nous )?(?:envoyez|ecrivez|contactez|envoyer"
            r"|ecrire"
            r"|contacter|relancez)\s+plus\b",
            r"\b(?:retir|supprim|enlev|efface|raye)[\w-]*\b.{0,40}?\b(?:listes?"
            r"|fichiers?|adresse"
            r"|base|mailing)\b",
            r"\bplus (?:recevoir|(?:de |d')(?:e-?mails?|mails?|messages|relances))\b",
            r"\b(?:arret|cess)\w+ de\s+(?:m'|nous |me )\s*(?:envoyer|ecrire|contacter"
            r"|harceler|relancer)",
        ),
        "out_of_office": _sure(
            r"\b(?:suis|sommes|serai|serons|actuellement)\b.{0,20}?\babsente?s?\b",
            r"\ben (?:conges?|vacances|deplacement|arret maladie|conge maternite)\b",
            r"\babsence du bureau\b|\bhors du bureau\b|\breponse automatique\b",
            r"\bde retour (?:le|au|lundi|mardi|mercredi|jeudi|vendredi)\b",
            r"\brepondr\w+ (?:\w+ )?(?:apres|a partir|a mon retour|des)\b",
            r"\bacces limite\b|\b(?:bureaux?|entreprise) (?:\w+ )?ferme",
        ),
    },
)

# --- Spanish ---

_ES_PAID = r"(?:pagad|abonad|transferid|liquidad|saldad|ingresad|cancelad)[oa]s?"
_ES_MONEY = r"(?:transferencia|pago|ingreso|abono|giro|cheque|dinero)"
_ES_GOODS = (
    r"(?:mercancia|pedido|producto|material|entrega|servicio|articulo|paquete|maquina"
    r"|envio|pieza)s?"
)
_ES_DONE = r"(?:realizad|hech|efectuad|enviad|emitid|ordenad|ejecutad|tramitad)[oa]s?"
_ES = Language(
    re.compile(r"\b(?:no|nunca|tampoco|ni|jamas|olvid\w+|impagad\w+|sin)\b"),
    NEVER,
    re.compile(
        r"\b(?:sera|seran|cuando|si(?! ya)|en cuanto|tan pronto|una vez|vamos a|voy a"
        r"|va a|tenemos que|tengo que|debe|hasta que)\b"
    ),
    {
        "says_paid": _facts(
            r"\b(?:he|hemos|ha|han|habia|habiamos|fue|fueron|sido|esta|estan|quedo)\s+"
            rf"(?:\w+\s+){{0,4}}?{_ES_PAID}\b(?! (?:el|nuestro) pedido)",
            rf"\b(?:hemos|he|ha"
            rf"|han)\s+(?:\w+\s+){{0,2}}?{_ES_DONE}\s+(?:\w+\s+){{0,3}}?"
            rf"{_ES_MONEY}\b",
            r"\b(?:hicimos|hice|realizamos|realice|efectuamos|efectue|ordenamos|ordene"
            r"|emitimos|enviamos|envie)\s+"
            rf"(?:\w+\s+){{0,3}}?{_ES_MONEY}\b",
            rf"\b{_ES_MONEY}\b.{{0,60}}?\b(?:fue|ha sido|se ha|ya esta|esta|quedo)\s+"
            rf"(?:\w+\s+)?{_ES_DONE}\b",
            rf"\b{_ES_MONEY}\b.{{0,30}}?\b(?:se hizo|se realizo|se efectuo|se envio"
            rf"|salio)\b",
            r"\bse (?:cargo|cobro) en (?:la |nuestra )?cuenta\b",
            rf"\b{_ES_MONEY} (?:ya )?(?:realizad|efectuad|hech|enviad)[oa]\b",
            r"\b(?:ya|ayer|la semana pasada|el pasado|el mes pasado|hace)\b.{0,60}?"
            r"\b(?:pague|pagamos|abonamos|abone|transferimos|transferi|ingresamos"
            r"|ingrese|liquidamos|se pago|pago)\b(?! (?:de|del|pendiente))",
            r"\b(?:pague|pagamos|abonamos|abone|transferimos|transferi|ingresamos"
            r"|liquidamos|se pago)\b.{0,50}?\b(?:ayer|la semana pasada|el pasado"
            r"|el mes pasado|hace|ya)\b",
            rf"\bya\s+(?:\w+\s+){{0,3}}?{_ES_PAID}\b",
            r"\b(?:adjunt\w+|le envio|os envio|les envio|aqui tiene\w*)\b.{0,40}?"
            r"\b(?:justificante|comprobante|resguardo|recibo)\b",
            r"\b(?:justificante|comprobante) (?:de (?:pago|la transferencia)|bancario)"
            r"\b.{0,20}?\b(?:adjunt\w+)\b",
            r"\bdeberia (?:estar|haber llegado|aparecer)\b.{0,30}?\b(?:cuenta"
            r"|llegado|ya)\b",
        ),
        "disputes": [
            *_sure(
                r"\bno (?:estoy|estamos) (?:\w+ )?de acuerdo\b",
                r"\bno (?:vamos a|voy a|pensamos|pienso) (?:pagar|abonar)(?:la|lo)?\b"
                r"(?! (?:antes|hasta))",
                r"\bno (?:pagaremos|pagare|aceptamos|acepto|reconocemos|reconozco)\b"
                r"(?! (?:antes|hasta))",
                r"\b(?:no|nunca)\s+(?:\w+\s+){0,2}?(?:pedi\w*|encarg\w+|solicit\w+"
                r"|contrat\w+)\b",
                r"\b(?:no|nunca|jamas)\s+(?:\w+\s+){0,2}?recib\w+\s+(?:\w+\s+){0,2}?"
                rf"{_ES_GOODS}\b",
                rf"\b{_ES_GOODS}\b.{{0,60}}?\b(?:no|nunca)\s+(?:\w+\s+){{0,2}}?"
                r"(?:recib|lleg|entreg|funcion|complet|conform|correspond"
                r"|esta bien)\w*",
                rf"\b{_ES_GOODS}\b.{{0,40}}?\b(?:incomplet\w+|falta|faltan"
                rf"|faltaba\w*)\b",
                r"\b(?:factura|importe|precio|cantidad|iva|monto"
                r"|total)\b.{0,40}?\bno\s+"
                r"(?:es|son|esta|coincide|corresponde|cuadra)\w*\b(?: correct\w+)?",
            ),
            *_rules(
                r"\b(?:disput\w+|reclam(?:o|amos|acion|aciones)|disconform\w+"
                r"|desacuerdo|rechaz\w+|defectuos\w+|danad\w+|rot[oa]s?|averiad\w+"
                r"|rayad\w+"
                r"|nota de credito|rectificativa|nos negamos|me niego|defectos?"
                r"|desperfectos?)\b",
                r"\b(?:factura|importe|precio|cantidad|iva|monto|total)\b.{0,40}?"
                r"\b(?:incorrect\w+|erron\w+|equivocad\w+|errores|error"
                r"|demasiado alt\w|duplicad\w)\b",
                r"\berror (?:en|de) (?:la |el |su )?(?:factura|importe|precio"
                r"|facturacion|cantidad)",
                r"\b(?:anul|cancel)\w+\b.{0,20}?\b(?:pedido|contrato|suscripcion)\b"
                r"|\b(?:pedido|contrato)\b.{0,30}?\b(?:anulad|cancelad)[oa]\b",
                r"\bfactur(?:an|aron|aste)\b.{0,60}?\b(?:pero|solo|y (?:su|la))\b",
                rf"\b{_ES_GOODS}\b.{{0,30}}?\b(?:devolv|devuelt)\w+"
                rf"|\b(?:devolv|devuelt)\w+\b.{{0,30}}?\b{_ES_GOODS}\b",
                r"\b(?:cobrad|facturad)\w* (?:dos veces|doble|por duplicado)",
            ),
        ],
        "promises": [
            *_rules(
                r"\b(?:pagare(?:mos)?|abonare(?:mos)?|transferire(?:mos)?"
                r"|liquidare(?:mos)?|ingresare(?:mos)?|saldare(?:mos)?)\b",
                r"\b(?:realizare|hare|efectuare|emitire|ordenare|procedere|enviare)"
                rf"(?:mos)?\b.{{0,50}}?\b(?:{_ES_MONEY}|pagar|pagarla|pagarlo)\b",
                r"\b(?:voy a|vamos a|va a|tenemos previsto|tengo previsto|prevemos"
                r"|nos comprometemos a|me comprometo a|intentaremos)\b.{0,40}?"
                r"\b(?:pag|abon|transfer|liquid|sald|ingres)[aei]r(?:l[oa]s?)?\b",
                r"\b(?:voy a|vamos a|tenemos previsto|prevemos)\b.{0,20}?\b(?:hacer"
                rf"|realizar|efectuar|enviar|ordenar)\b.{{0,30}}?\b{_ES_MONEY}\b",
                rf"\b(?:{_ES_MONEY}|factura|importe|saldo)\b.{{0,60}}?\b(?:sera"
                rf" (?:\w+ )?(?:{_ES_PAID}|{_ES_DONE})|se (?:hara|realizara|efectuara"
                r"|pagara|abonara|emitira|ordenara)|saldra|quedara|llegara"
                r"|(?:esta |tenemos )?(?:previst|programad|planificad)[oa])",
                r"\bproxim[oa] (?:remesa|tanda|ronda|orden de pago)",
                # Italian: the infinitive looks like the Spanish future.
                unless=r"\b(?:di|per|da|poss\w+|potr\w+|vorr\w+|dobbiamo|devo)"
                r" pagare\b",
            ),
            *_rules(
                r"\b(?:pagamos|abonamos|transfiero|transferimos|abono|pago|hacemos|hago"
                r"|realizamos|liquidamos)\b",
                r"\b(?:puedo|podemos|podre|podremos)\b[^?]{0,40}?\b(?:pagar|abonar"
                r"|transferir|liquidar|hacer|efectuar)\w*",
                rf"\b{_ES_MONEY}\b",
                r"\b(?:me ocupo|nos ocupamos|me encargo de ello|cobrara[n]?)\b",
                needs_date=True,
                unless=r"\?|\b(?:plazo|aplaz\w+|por favor|rogamos|ruego)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\b(?:persona|contacto|direccion|departamento|destinatario|correo|empresa)"
            r"\s+(?:equivocad|incorrect|erron)\w+",
            r"\bno soy (?:yo )?(?:la persona|el responsable|la responsable|responsable"
            r"|el contacto|el encargado|la encargada|quien)",
            r"\bya no\s+(?:trabaj\w+|forma parte|soy|llevo|lleva|me encargo|se encarga"
            r"|esta (?:en la empresa|con nosotros|aqui)|se (?:usa|utiliza|atiende))",
            r"\bno (?:es|somos) (?:la|el) (?:persona|contacto|departamento"
            r"|direccion)\s+"
            r"(?:correct|adecuad|indicad|responsable)\w*",
            r"\bse (?:ha )?jubil\w+\b|\bsu sucesor\w*\b",
            r"\b(?:dejo|ha dejado|abandono) la empresa\b|\bno trabaja (?:ya )?(?:aqui"
            r"|con nosotros|en esta)",
            r"\b(?:en adelante|en lo sucesivo|a partir de ahora)\b.{0,60}?(?:@"
            r"|contabilidad|administracion)",
            r"\bse (?:han|ha) equivocado de\b",
        ),
        "wrong_contact_weak": _sure(
            r"\b(?:dirijanse|dirijase|contacten?|pongase en contacto"
            r"|ponganse en contacto|escriban?|envien?|pueden? (?:contactar|escribir"
            r"|dirigirse))\b.{0,80}?(?:@|\b(?:contabilidad|administracion|companer\w+"
            r"|colega)\b)",
        ),
        "unsubscribe": _sure(
            r"\b(?:dar(?:me|nos)?|dame|denme|dennos|deme|causar) (?:de )?baja\b",
            r"\bde baja\b.{0,30}?\blista",
            r"\bno (?:me|nos) (?:envi\w+|escrib\w+|mand\w+|contact\w+|molest\w+)\b"
            r".{0,30}?\bmas\b",
            r"\bno (?:quiero|deseo|deseamos|queremos) (?:seguir recibiendo|recibir)\b",
            r"\b(?:elimin|borr|quit|retir)\w+\b.{0,40}?\b(?:listas?|correo|direccion"
            r"|base de datos)",
            r"\bdejen? de (?:envi|escrib|mand|molest|contact)\w+",
            r"\bcancelar (?:la |mi )?suscripcion\b",
        ),
        "out_of_office": _sure(
            r"\bfuera de (?:la |mi )?oficina\b|\bde vacaciones\b"
            r"|\brespuesta automatica\b",
            r"\b(?:estoy|estare|estamos|estaremos|encuentro)\b.{0,20}?\b(?:ausente"
            r"|fuera|de viaje|de baja)",
            r"\bde baja (?:medica|maternal|laboral|por)\b|\bpor vacaciones\b",
            r"\b(?:regres\w+|volvere|vuelvo|estare de vuelta) (?:el|a la oficina)\b",
            r"\bacceso limitado\b|\bresponder\w* (?:despues|a partir|a mi vuelta)\b",
        ),
    },
)

LANGUAGES = {"en": _EN, "de": _DE, "fr": _FR, "es": _ES}
