"""Numbers of invoices as customers and banks write them: INV/2026/00012, inv 2026-00012
and INV202600012 are one number.

Texts in the database's language, because it compares thousands with an index: `KEY`
reduces a number to what all spellings share, `TOKENS` finds in a reference all that may
be such a number.
"""

KEY = "REGEXP_REPLACE(UPPER({}), '[^A-Z0-9]+', '', 'g')"

TOKENS = """
    CREATE OR REPLACE FUNCTION dunning_reference_tokens(reference text)
    RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
    -- Up to six words in a row with a digit and five characters or more: what is
    -- shorter would name half of all invoices. Costs more than to look in an index.
    DECLARE
        words text[] := REGEXP_SPLIT_TO_ARRAY(
            UPPER(LEFT(reference, 500)), '[^A-Z0-9]+');
        tokens text[] := '{}';
        token text;
    BEGIN
        FOR i IN 1 .. COALESCE(CARDINALITY(words), 0) LOOP
            token := '';
            FOR j IN i .. LEAST(i + 5, CARDINALITY(words)) LOOP
                token := token || words[j];
                IF LENGTH(token) BETWEEN 5 AND 50 AND token ~ '[0-9]' THEN
                    tokens := tokens || token;
                END IF;
            END LOOP;
        END LOOP;
        RETURN tokens;
    END
    $$
"""
