"""The figures of a back-test as Markdown tables and as numbers."""

from .back_test import VERY, BackTest

NAMES = {"late": "**ours**", "rule": "customer's average (rule)", "base": "base rate"}
VERY_NAMES = {very: NAMES[key] for very, key in VERY.items()}


class Report:
    """What a back-test found."""

    def __init__(self, back_test):
        self.back_test = back_test
        self.found = back_test.figures()

    def figures(self):
        """The numbers, as they are written for other programs."""
        return self.found

    def markdown(self):
        """Tables of chances, days and cut-offs, and whether to use the models."""
        if not self.found["late"]:
            return "Too little is known: no cut-off has lines before and after it."
        return "\n\n".join(
            [
                self._late_table(),
                self._late_table("More than 30 days late", VERY_NAMES),
                self._date_table(),
                self._folds(),
                self._reliability(),
                self._verdict(),
            ]
        )

    def _verdict(self):
        late = "ours" if self.back_test.beats_rule() else "the rule"
        day = "ours" if self.back_test.beats_day_rule() else "the rule"
        return f"To be used: for the chance {late}, for the day {day}."

    def _late_table(self, title="Paid late", names=NAMES):
        rows = [
            [
                name,
                *(_number(self.found[key][it], 4) for it in ("auc", "ap", "brier")),
                _number(self.found[key]["ece"], 3),
                self.found[key]["n"],
            ]
            for key, name in names.items()
            if self.found[key]
        ]
        return _table(title, ["AUC", "AP", "Brier", "ECE", "lines"], rows)

    def _date_table(self):
        found = self.found["date"]
        if not found:
            return _table("Day of payment", ["MAE"], [])
        rows = [
            [
                NAMES["late"],
                _number(found["mae"], 2),
                f"{found['within_3']:.0%}",
                f"{found['coverage80']:.1%}",
                _number(found["width80"], 1),
                found["n"],
            ],
            ["customer's median (rule)", _number(found["rule_mae"], 2), *[""] * 4],
            ["due date", _number(found["base_mae"], 2), *[""] * 4],
        ]
        return _table(
            "Day of payment",
            [
                "MAE (days)",
                "within 3 days",
                "in the 80 % interval",
                "its days",
                "lines",
            ],
            rows,
        )

    def _folds(self):
        single = [(fold, BackTest([fold]).figures()) for fold in self.back_test.folds]
        rows = [
            [
                str(fold.date),
                fold.trained,
                figures["late"]["n"],
                *(_number(figures[key]["brier"], 4) for key in ("late", "rule")),
            ]
            for fold, figures in single
        ]
        return _table(
            "Cut-offs", ["learnt from", "predicted", "Brier ours", "Brier rule"], rows
        )

    def _reliability(self):
        rows = [
            [f"{chance:.0%}", f"{share:.0%}", number]
            for chance, share, number in self.back_test.reliability()
        ]
        return _table("Said to be late", ["were late", "lines"], rows)


def _number(value, digits):
    """A figure, or a dash where there is none.

    >>> _number(0.12345, 3), _number(None, 3)
    ('0.123', '-')
    """
    return "-" if value is None else f"{value:.{digits}f}"


def _table(title, columns, rows):
    """
    >>> print(_table("Model", ["AUC"], [["ours", "0.9"]]))
    | Model | AUC |
    |---|---|
    | ours | 0.9 |
    """
    lines = [[title, *columns], *rows]
    text = [f"| {' | '.join(map(str, line))} |" for line in lines]
    return "\n".join([text[0], "|" + "---|" * (len(columns) + 1), *text[1:]])
