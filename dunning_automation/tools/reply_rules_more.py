"""The rules of ``replies.suggest`` in Dutch, Italian and Portuguese, in the form of
``reply_rules``."""

import re

from . import reply_rules
from .reply_rules import NEVER, Language, _facts, _rules, _sure

# --- Dutch ---

_NL_PAID = r"(?:aan)?betaald|overgemaakt|overgeboekt|voldaan|vereffend|afgeschreven"
_NL_MONEY = r"(?:betaling|overboeking|overschrijving|bedrag|geld)"
_NL_BILL = r"(?:factuur|bedrag|prijs|aantal|totaal|btw|rekening)\w*"
_NL_GOODS = (
    r"(?:goederen|levering|bestelling|product(?:en)?|artikel(?:en)?|pakket|zending"
    r"|machine|onderdelen|dienst|materiaal)"
)
_NL = Language(
    re.compile(r"\b(?:niet|nooit|geen|noch|zonder|vergeten|onbetaald)\b"),
    re.compile(r"\s*(?:\S+\s+){0,2}?(?:niet|nooit)\b"),
    re.compile(
        r"\b(?:zodra|als|indien|wanneer|of|zal|zullen|wordt|worden|moet|moeten|nadat)\b"
    ),
    {
        "says_paid": [
            *_facts(
                r"\b(?:heb|hebben|heeft|had|hadden|is|zijn|werd|was)\b[^,]{0,110}?"
                rf"\b(?:{_NL_PAID})\b",
                rf"\b(?:{_NL_PAID})\s+(?:heb|hebben|heeft|is|was)\b",
                r"\b(?:al|reeds|inmiddels|gisteren|vandaag|vorige week)\s+"
                rf"(?:\S+\s+){{0,5}}?(?:{_NL_PAID})\b",
                rf"\b{_NL_MONEY}\b[^,]{{0,40}}?\b(?:is|werd|was|heeft)\b[^,]{{0,60}}?"
                r"\b(?:gedaan|verricht|uitgevoerd|verzonden|verstuurd|onderweg"
                r"|de deur uit)\b",
                rf"\b(?:heb|hebben|heeft)\b[^,]{{0,50}}?\b{_NL_MONEY}\b[^,]{{0,50}}?"
                r"\b(?:gedaan|verricht|uitgevoerd|verstuurd|gekruist)\b",
                r"\b(?:wij|we|ik)\s+betaalden?\b",
            ),
            *_rules(
                r"\b(?:zou|moet)\b.{0,40}?\b(?:op (?:uw|jullie|de) rekening|binnen zijn"
                r"|bijgeschreven)\b",
                r"\b(?:bijgevoegd|bijlage|hierbij|bijgaand)\b.{0,60}?"
                r"\b(?:betaalbewijs|betalingsbewijs|bankafschrift)\b",
                r"\b(?:betaalbewijs|betalingsbewijs|bankafschrift)\b.{0,40}?"
                r"\b(?:bijgevoegd|bijlage)\b",
            ),
        ],
        "disputes": [
            *_sure(
                r"\b(?:zullen|zal|gaan|ga)\b.{0,40}?\bniet (?:\w+ )?(?:betalen|voldoen"
                r"|accepteren)\b(?! (?:voor|vandaag))",
                r"\b(?:betalen|betaal|accepteren|accepteer)\s+(?:\w+\s+){0,4}?niet\b"
                r"(?! (?:voor|vandaag))",
                r"\bniet (?:mee )?(?:eens|akkoord)\b",
                rf"\b{_NL_BILL}\b.{{0,50}}?\b(?:klopt|kloppen)\b.{{0,12}}?\bniet\b",
                rf"\b{_NL_BILL}\b.{{0,40}}?\bniet (?:correct|juist|afgesproken)\b",
                rf"\b{_NL_GOODS}\b.{{0,60}}?\b(?:niet|nooit)\s+(?:\w+\s+){{0,3}}?"
                r"(?:ontvangen|aangekomen|geleverd|gekregen|compleet|besteld)\b",
                rf"\b{_NL_GOODS}\b.{{0,40}}?\b(?:werkt|functioneert) niet\b",
                rf"\b{_NL_GOODS}\b.{{0,40}}?\b(?:ontbre\w+|onvolledig)\b",
                r"\b(?:nooit|niet|niets)\s+(?:\w+\s+){0,3}?besteld\b",
                rf"\bgeen {_NL_GOODS}\b|\bniets geleverd\b",
            ),
            *_rules(
                r"\b(?:betwist\w*|bezwaar|reclam\w+|klacht\w*|beschadigd\w*|defect\w*"
                r"|kapot\w*|gebreken|krassen|creditnota\w*|creditfactuur|geannuleerd"
                r"|opgezegd|onterecht\w*|weiger\w*|geretourneerd|teruggestuurd)\b",
                rf"\b{_NL_BILL}\b.{{0,50}}?\b(?:onjuist|fout|verkeerd|te hoog"
                r"|wijkt af)\b",
                r"\b(?:verkeerde|foute|onjuiste)\s+(?:factuur|bedrag|prijs|aantal"
                r"|artikel\w*|producten?|levering)\b",
                r"\b(?:twee keer|tweemaal|dubbel)\s+(?:\w+\s+)?(?:gefactureerd"
                r"|in rekening|berekend)",
            ),
        ],
        "promises": [
            *_rules(
                r"\b(?:zal|zullen|gaan|ga(?! na)|beloof|beloven)\b.{0,90}?\b(?:betalen"
                r"|overmaken|voldoen|overboeken|betaald|voldaan|overgemaakt)\b",
                r"\b(?:wordt|worden)\b.{0,60}?\b(?:betaald|overgemaakt|voldaan"
                r"|overgeboekt)\b",
                rf"\b{_NL_MONEY}\b.{{0,50}}?\b(?:wordt|zal)\b.{{0,50}}?\b(?:gedaan"
                r"|verricht|uitgevoerd|volgen|plaatsvinden)\b",
                rf"\b(?:{_NL_MONEY}|factuur)\b.{{0,50}}?\b(?:volgt|ingepland|gepland"
                r"|staat klaar)\b",
                r"\b(?:volgende|eerstvolgende|komende) betaal(?:run|ronde)\b",
                unless=r"\?",
            ),
            *_rules(
                r"\b(?:wij|we|ik)\s+(?:\S+\s+){0,3}?(?:betalen?|betaal|maken|maak"
                r"|voldoen|boeken?)\b",
                r"\b(?:betaal|betalen|maak|maken|voldoen|boek|boeken)\s+(?:wij|we|ik"
                r"|het|de|dit|deze)\b",
                rf"\b{_NL_MONEY}\b",
                r"\b(?:kan|kunnen)\b[^?]{0,60}?\b(?:betalen|voldoen|overmaken)\b",
                needs_date=True,
                unless=r"\?|\b(?:uitstel|vervaldatum|vervalt)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\bniet (?:meer )?(?:\w+ )?(?:verantwoordelijk|bevoegd)\b",
            r"\bverkeerde? (?:persoon|adres|afdeling|contactpersoon|e-?mail\w*"
            r"|bedrijf)\b",
            r"\bniet de juiste (?:persoon|contactpersoon|afdeling)\b",
            r"\bwerkt?\b.{0,40}?\bniet (?:meer|langer)\b",
            r"\bniet (?:meer|langer) werkzaam\b|\buit dienst\b|\bmet pensioen\b"
            r"|\bopvolg(?:er|ster)\b",
            r"\b(?:bedrijf|onderneming|organisatie)\b.{0,20}?\bverlaten\b",
        ),
        "wrong_contact_weak": _sure(
            r"\b(?:neem|wend|stuur|mail|richt)\b.{0,80}?(?:@|\b(?:boekhouding"
            r"|crediteuren\w*|administratie|collega)\b)",
        ),
        "unsubscribe": _sure(
            r"\b(?:afmelden|afmelding|uitschrijven|uitschrijving)\b",
            r"\bvan\s+(?:\w+\s+){0,2}?(?:mailinglijst|verzendlijst|lijst)\b",
            r"\bgeen (?:\w+ )?(?:e-?mails?|mails?|berichten|herinneringen"
            r"|aanmaningen)\b.{0,20}?\bmeer\b",
            r"\b(?:schrijf|mail) (?:mij|me|ons)\b.{0,20}?\bniet meer\b",
            r"\bstop met\b.{0,20}?\b(?:mailen|sturen|schrijven)\b",
        ),
        "out_of_office": _sure(
            r"\bafwezig\w*\b|\b(?:met|op) (?:vakantie|verlof)\b"
            r"|\bautomatisch antwoord\b",
            r"\bniet (?:op|in)(?: het)? kantoor\b|\bbuiten kantoor\b",
            r"\bniet (?:\w+ ){0,2}?bereikbaar\b|\bbeperkte? toegang\b",
            r"\b(?:weer|vanaf)\b.{0,30}?\b(?:bereikbaar|aanwezig|op kantoor|terug)\b",
            r"\bkantoor\b.{0,30}?\bgesloten\b",
        ),
    },
)

# --- Italian ---

_IT_PAID = r"(?:pagat|saldat|versat|bonificat|liquidat|regolat|addebitat)[oaei]"
_IT_DONE = r"(?:fatt|effettuat|eseguit|inviat|dispost|emess|partit|spedit)[oaei]"
_IT_MONEY = r"(?:pagamento|bonifico|versamento|saldo|assegno|importo|somma|soldi)"
_IT_BILL = r"(?:fattura|importo|prezzo|quantita|iva|totale)"
_IT_GOODS = (
    r"(?:merce|merci|consegna|ordine|prodott[oi]|articol[oi]|pacco|materiale|servizio"
    r"|macchina|spedizione|pezz[oi])"
)
_IT = Language(
    re.compile(r"\b(?:non|mai|neanche|nessun[oa]?|senza|dimenticat\w+|impagat\w+)\b"),
    NEVER,
    re.compile(
        r"\b(?:sara|saranno|verra|verranno|appena|se|quando|una volta|dobbiamo|devo"
        r"|deve|dopo che)\b"
    ),
    {
        "says_paid": [
            *_facts(
                r"\b(?:ho|abbiamo|ha|hanno|avevo|avevamo|stat[oaei]|e|sono|risulta)\s+"
                rf"(?:\w+\s+){{0,4}}?{_IT_PAID}\b",
                rf"\b(?:ho|abbiamo|ha)\s+(?:\w+\s+){{0,2}}?{_IT_DONE}\s+"
                rf"(?:\w+\s+){{0,3}}?{_IT_MONEY}\b",
                rf"\b{_IT_MONEY}\b.{{0,50}}?\b(?:e|stat[oa]|risulta)\s+"
                rf"(?:\w+\s+){{0,2}}?{_IT_DONE}\b",
                rf"\b{_IT_MONEY}\s+(?:gia\s+)?{_IT_DONE}\b",
                rf"\bgia\s+(?:\w+\s+){{0,3}}?{_IT_PAID}\b",
                rf"^\W*{_IT_PAID}\b",
            ),
            *_rules(
                r"\b(?:allego|alleghiamo|allegat[oa]|invio)\b.{0,40}?\b(?:ricevuta"
                r"|contabile|distinta|copia del bonifico)\b",
                r"\b(?:ricevuta|contabile|distinta)\b.{0,30}?\ballegat[oa]\b",
                r"\bdovrebbe (?:gia )?(?:essere|risultare)\b.{0,30}?\b(?:conto"
                r"|arrivat[oa]|accreditat[oa])\b",
            ),
        ],
        "disputes": [
            *_sure(
                r"\bnon (?:sono|siamo) (?:\w+ )?d'accordo\b",
                r"\bnon (?:pagheremo|paghero|paghiamo|accettiamo|accetto|riconosciamo"
                r"|riconosco|intend\w+ pagare)\b(?! (?:prima|fino))",
                r"\b(?:non|mai)\s+(?:\w+\s+){0,3}?(?:ordinat|richiest|acquistat)[oaei]"
                r"\b",
                r"\b(?:non|mai)\s+(?:\w+\s+){0,3}?ricevut[oaei]\s+(?:\w+\s+){0,2}?"
                rf"{_IT_GOODS}\b",
                rf"\b{_IT_GOODS}\b.{{0,60}}?\b(?:non|mai)\s+(?:\w+\s+){{0,3}}?"
                r"(?:ricevut|arrivat|consegnat|funzion|complet|conform|corrispond)\w*",
                rf"\b{_IT_GOODS}\b.{{0,40}}?\b(?:incomplet\w+|manc\w+)\b",
                rf"\b{_IT_BILL}\b.{{0,40}}?\bnon (?:(?:e|sono) (?:corrett|giust|esatt)"
                r"\w+|corrisponde|coincide|torna)",
            ),
            *_rules(
                r"\b(?:contest\w+|reclam\w+|difettos\w+|danneggiat\w+|rott[oaei]"
                r"|guast[oaei]|nota di credito|storn\w+|rifiut\w+|graffi\w*"
                r"|difett[oi])\b",
                rf"\b{_IT_BILL}\b.{{0,40}}?\b(?:errat\w+|sbagliat\w+|troppo alt\w"
                r"|errore|doppi\w)\b",
                r"\berrore (?:nel|nella|di|sul|sulla)\b.{0,20}?\b(?:fattura\w*|importo"
                r"|prezzo|quantita|calcolo)\b",
                r"\b(?:ordine|contratto|abbonamento)\b.{0,30}?\b(?:annullat|disdett)"
                r"\w+",
                r"\b(?:annullat|disdett)\w+\b.{0,20}?\b(?:ordine|contratto"
                r"|abbonamento)\b",
                r"\bfatturat\w* (?:\w+ )?due volte\b|\bdue volte\b.{0,20}?"
                r"\bfatturat\w*",
                rf"\b{_IT_GOODS}\b.{{0,40}}?\b(?:restituit|rispedit)\w+",
                rf"\b(?:restituit|rispedit)\w+\b.{{0,30}}?\b{_IT_GOODS}\b",
            ),
        ],
        "promises": [
            *_rules(
                r"\b(?:paghero|pagheremo|saldero|salderemo|versero|verseremo"
                r"|bonificheremo|bonifichero|provvedero|provvederemo)\b",
                r"\b(?:faro|faremo|effettuero|effettueremo|disporro|disporremo"
                rf"|invieremo)\b.{{0,50}}?\b{_IT_MONEY}\b",
                r"\b(?:intendiamo|prevediamo|prevedo|contiamo|conto|impegno|impegniamo"
                r"|stiamo per)\b.{0,40}?\b(?:pagare|saldare|versare|effettuare"
                r"|fare il bonifico)\b",
                rf"\b(?:{_IT_MONEY}|fattura)\b.{{0,60}}?\b(?:sara|saranno|verra"
                rf"|verranno)\b.{{0,30}}?\b(?:{_IT_PAID}|{_IT_DONE})\b",
                rf"\b(?:{_IT_MONEY}|fattura)\b.{{0,40}}?\b(?:previst[oa]"
                r"|programmat[oa]|pianificat[oa]|arrivera|partira)\b",
                r"\bprossim[oa] (?:giro|tornata|ciclo|disposizione) di pagament[oi]\b",
                unless=r"\?",
            ),
            *_rules(
                r"\b(?:pago|paghiamo|saldo|saldiamo|versiamo|faccio|facciamo|effettuo"
                r"|effettuiamo|provvedo|provvediamo)\b",
                r"\b(?:posso|possiamo|potremo|potro)\b[^?]{0,40}?\b(?:pagare|saldare"
                r"|versare|effettuare)\b",
                rf"\b{_IT_MONEY}\b",
                r"\b(?:me ne occupo|ce ne occupiamo)\b",
                needs_date=True,
                unless=r"\?|\b(?:proroga|dilazione|per favore|por favor|si prega"
                r"|se pago)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\b(?:persona|contatto|indirizzo|ufficio|destinatario|referente|azienda)"
            r"\s+(?:sbagliat|errat)\w+",
            r"\bnon sono (?:\w+ )?(?:la persona|il responsabile|la responsabile"
            r"|responsabile|il referente)\b",
            r"\bnon (?:lavor\w+|fa parte|mi occupo|si occupa)\b.{0,10}?\bpiu\b",
            r"\bnon (?:e|sono) piu (?:\w+ ){0,2}?(?:responsabile|dipendente|con noi"
            r"|in azienda|attiv\w+)\b",
            r"\bin pensione\b|\bsuccessor\w+\b",
            r"\b(?:ha|ho) lasciato (?:l'azienda|la societa|la ditta)\b",
        ),
        "wrong_contact_weak": _sure(
            r"\b(?:contatt\w+|rivolg\w+|scriv\w+|inoltr\w+)\b.{0,80}?(?:@"
            r"|\b(?:contabilita|amministrazione|colleg[ah]\w*)\b)",
        ),
        "unsubscribe": _sure(
            r"\b(?:cancellar(?:mi|ci)|cancellate(?:mi|ci)|disiscriv\w+"
            r"|disiscrizione)\b",
            r"\b(?:cancell|togli|tolga|rimuov|elimin)\w*\b.{0,40}?\b(?:lista|elenco"
            r"|indirizzo|mailing)\b",
            r"\bnon (?:mi|ci) (?:\w+ )?(?:inviat|scriv|mand|contatt|disturb)\w*\b"
            r".{0,25}?\bpiu\b|\bnon (?:scriv|mand|inviat)\w+ piu\b",
            r"\bnon (?:voglio|vogliamo|desidero|desideriamo) (?:piu )?ricevere\b",
            r"\bsmett\w+ di (?:\w+ )?(?:scriver|inviar|mandar|contattar)\w*",
        ),
        "out_of_office": _sure(
            r"\bfuori (?:ufficio|sede)\b|\bin (?:ferie|vacanza|congedo|maternita"
            r"|malattia)\b|\brisposta automatica\b|\bassente\b",
            r"\b(?:rientr\w+|torner\w+|torno)\b.{0,20}?(?:\d|di\b|\bufficio\b)",
            r"\baccesso limitato\b|\brisponder\w+ (?:dopo|a partire|al mio|dal)\b",
            r"\buffici\w*\b.{0,20}?\bchius\w+",
        ),
    },
)

# --- Portuguese ---

_PT_PAID = r"(?:pag|quitad|transferid|depositad|liquidad|saldad|debitad)[oa]s?"
_PT_DONE = r"(?:feit|efetuad|realizad|enviad|emitid|executad)[oa]s?"
_PT_MONEY = r"(?:pagamento|transferencia|deposito|boleto|pix|valor|dinheiro|quitacao)"
_PT_BILL = r"(?:fatura|nota|valor|preco|quantidade|imposto|total|boleto|cobranca)"
_PT_GOODS = (
    r"(?:mercadoria|produto|pedido|encomenda|entrega|material|servico|peca|maquina"
    r"|pacote)s?"
)
_PT = Language(
    re.compile(r"\b(?:nao|nunca|nem|jamais|sem|esquec\w+)\b"),
    NEVER,
    re.compile(
        r"\b(?:sera|serao|quando|se|assim que|logo que|vamos|vou|vai|temos que|deve"
        r"|tenho que|ate que)\b"
    ),
    {
        "says_paid": [
            *_facts(
                r"\b(?:foi|foram|esta|estao|sido|ja)\s+(?:\w+\s+){0,4}?"
                rf"{_PT_PAID}\b",
                r"\b(?:paguei|quitei|transferi|depositei)\b",
                r"\b(?:ja|ontem|semana passada|mes passado)\b.{0,60}?\b(?:pagamos"
                r"|quitamos|transferimos|depositamos)\b",
                r"\b(?:pagamos|quitamos|transferimos|depositamos)\b.{0,50}?\b(?:ja"
                r"|ontem|semana passada|mes passado)\b",
                r"\b(?:fiz|fizemos|efetuei|efetuamos|realizei|realizamos|enviei"
                rf"|enviamos)\s+(?:\w+\s+){{0,3}}?{_PT_MONEY}\b",
                rf"\b{_PT_MONEY}\b.{{0,60}}?\b(?:foi|esta)\s+(?:\w+\s+){{0,2}}?"
                rf"{_PT_DONE}\b",
                rf"\b{_PT_MONEY} (?:ja )?{_PT_DONE}\b",
            ),
            *_rules(
                r"\b(?:anex\w+|segue\w*|envio)\b.{0,40}?\bcomprovante\b",
                r"\bcomprovante\b.{0,40}?\b(?:anex\w+|segue)\b",
                r"\bja deve(?:ria)? (?:estar|ter)\b.{0,30}?\b(?:conta|caido"
                r"|compensado|entrado)\b",
            ),
        ],
        "disputes": [
            *_sure(
                r"\bnao (?:concord\w+|aceit\w+|reconhec\w+|(?:estou|estamos)"
                r" de acordo)\b",
                r"\bnao (?:(?:vamos|vou|iremos) pagar|pagaremos|pagarei)\b"
                r"(?! (?:antes|ate))",
                r"\b(?:nao|nunca)\s+(?:\w+\s+){0,2}?(?:pedi|pedimos|encomend\w+"
                r"|solicit\w+|comprei|compramos|contrat\w+)\b",
                r"\b(?:nao|nunca)\s+(?:\w+\s+){0,2}?receb\w+\s+(?:\w+\s+){0,2}?"
                rf"{_PT_GOODS}\b",
                rf"\b{_PT_GOODS}\b.{{0,60}}?\b(?:nao|nunca)\s+(?:\w+\s+){{0,2}}?"
                r"(?:receb|cheg|entreg|funcion|complet|conform|correspond)\w*",
                rf"\b{_PT_GOODS}\b.{{0,40}}?\b(?:incomplet\w+|falt(?:a|am|ando"
                r"|av\w+))\b",
                rf"\b{_PT_BILL}\b.{{0,40}}?\bnao (?:(?:esta|estao) (?:corret|cert)\w+"
                r"|confere|corresponde|bate)",
            ),
            *_rules(
                r"\b(?:contest\w+|reclam\w+|discord\w+|defeituos\w+|danificad\w+"
                r"|avariad\w+|quebrad\w+|riscad\w+|nota de credito|estorn\w+"
                r"|indevid\w+|recus\w+|defeitos?)\b",
                rf"\b{_PT_BILL}\b.{{0,40}}?\b(?:errad\w+|incorret\w+|erro"
                r"|duplicad\w)\b",
                r"\berro (?:na|no|de)\b.{0,10}?\b(?:fatura\w*|valor|preco|nota"
                r"|cobranca)\b",
                r"\b(?:pedido|contrato)\b.{0,30}?\bcancelad\w+",
                r"\bcancel\w+\b.{0,20}?\b(?:pedido|contrato)\b",
                r"\b(?:cobrad|faturad|cobra)\w* (?:\w+ )?(?:duas vezes|em dobro"
                r"|em duplicidade)\b",
                rf"\b{_PT_GOODS}\b.{{0,30}}?\bdevolv\w+|\bdevolv\w+\b.{{0,30}}?"
                rf"\b{_PT_GOODS}\b",
            ),
        ],
        "promises": [
            *_rules(
                r"\b(?:pagar|quitar|transferir|depositar)(?:ei|emos)\b",
                r"\b(?:farei|faremos|efetuarei|efetuaremos|realizaremos|realizarei)\b"
                rf".{{0,50}}?\b{_PT_MONEY}\b",
                r"\b(?:vou|vamos|iremos|irei|pretendemos|pretendo|prometo|comprometo)"
                r"\b.{0,40}?\b(?:pagar|quitar|transferir|depositar|efetuar)\b",
                rf"\b(?:vou|vamos|iremos) fazer\b.{{0,20}}?\b{_PT_MONEY}\b",
                rf"\b(?:{_PT_MONEY}|fatura|nota)\b.{{0,60}}?\b(?:sera|serao|vai ser)\b"
                rf".{{0,20}}?\b(?:{_PT_PAID}|{_PT_DONE})\b",
                rf"\b(?:{_PT_MONEY}|fatura)\b.{{0,40}}?\b(?:previst[oa]|programad[oa]"
                r"|agendad[oa]|saira|caira)\b",
                r"\bproxim[oa] (?:lote|rodada|remessa|ciclo) de pagamentos?\b",
                unless=r"\?",
            ),
            *_rules(
                r"\b(?:pago|pagamos|quito|quitamos|transfiro|transferimos|depositamos"
                r"|faco|fazemos)\b",
                r"\b(?:posso|podemos|poderei|poderemos|consigo)\b[^?]{0,40}?\b(?:pagar"
                r"|quitar|transferir|fazer|efetuar)\b",
                rf"\b{_PT_MONEY}\b",
                needs_date=True,
                unless=r"\?|\b(?:prazo|prorrog\w+|por favor|vencimento|se pago)\b",
            ),
        ],
        "wrong_contact": _sure(
            r"\b(?:pessoa|contato|endereco|departamento|setor|destinatario|e-?mail"
            r"|empresa)\s+(?:errad|incorret)\w+",
            r"\bnao sou (?:mais )?(?:\w+ )?(?:a pessoa|o responsavel|a responsavel"
            r"|responsavel|o contato|quem)\b",
            r"\bnao (?:trabalh\w+|faz parte|faco parte|cuid\w+)\b.{0,10}?\bmais\b"
            r"|\bja nao trabalh\w+",
            r"\bse aposentou\b|\bsucessor\w*\b",
            r"\b(?:deixou|deixei) a empresa\b|\b(?:saiu|sai) da empresa\b",
        ),
        "wrong_contact_weak": _sure(
            r"\b(?:entr\w+ em contato|contat\w+|escreva\w*|encaminh\w+|procur\w+)\b"
            r".{0,80}?(?:@|\b(?:contabilidade|financeiro|administracao|coleg\w+)\b)",
        ),
        "unsubscribe": _sure(
            r"\bdescadastr\w+|\bcancelar (?:a |minha )?inscricao\b",
            r"\b(?:remov|retir|exclu|tir)\w+\b.{0,40}?\b(?:listas?|e-?mail|endereco"
            r"|cadastro)\b",
            r"\bnao (?:me |nos )?(?:envi|escrev|mand|contat|incomod)\w+\b.{0,30}?"
            r"\bmais\b",
            r"\bnao (?:quero|desejo|queremos) (?:mais )?receber\b",
            r"\bpar(?:e|em|ar) de\s+(?:me |nos )?(?:envi|escrev|mand|contat|incomod)"
            r"\w+",
        ),
        "out_of_office": _sure(
            r"\bfora do escritorio\b|\b(?:de|em) (?:ferias|licenca)\b"
            r"|\bresposta automatica\b|\bausente\b|\bem viagem\b",
            r"\b(?:retorn\w+|volto|voltarei|estarei de volta)\b.{0,20}?(?:\d|-feira"
            r"|\bsegunda\b|\bescritorio\b)",
            r"\bacesso limitado\b|\bresponder\w* (?:apos|depois|a partir)\b",
            r"\bescritorio\b.{0,20}?\bfechad\w+",
        ),
    },
)

LANGUAGES = reply_rules.LANGUAGES | {"nl": _NL, "it": _IT, "pt": _PT}
