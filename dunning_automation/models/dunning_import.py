import functools
from base64 import b64decode, b64encode

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import split_every

from ..tools import csv_columns, receivables_file, safe_csv

MAX_BYTES = 64 * 1024**2
SMALL = 64 * 1024
"""Bytes of a file that is worked on at once; a cron does the larger ones."""
STAGED = 2000
BOOKED = 100
"""Rows per transaction."""
KEPT_DAYS = 90
"""Then the file and its rows are forgotten."""
EXAMPLES = 3
OPEN = ("ready", "pay")
"""States of rows that wait to be booked."""


class DunningImport(models.Model):
    """Open receivables, and what was paid of them, from a file of another system.

    A file is checked first (``checking``): each row becomes a ``dunning.import.row``
    that says what would happen with it. Then the rows are booked (``importing``), a
    batch per transaction. Both go on where they stopped, whatever stopped them.
    """

    _name = "dunning.import"
    _description = "Import of Receivables"
    _order = "id desc"
    _rec_name = "filename"
    _check_company_auto = True

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    data = fields.Binary("File", required=True, help="CSV, or an Excel workbook.")
    filename = fields.Char("File Name")
    journal_id = fields.Many2one(
        "account.journal",
        required=True,
        index=True,
        check_company=True,
        domain="[('type', '=', 'general')]",
        help="The entries keep the numbers of the file: choose a journal for opening "
        "balances that holds nothing else.",
    )
    account_id = fields.Many2one(
        "account.account",
        "Offset Account",
        required=True,
        index=True,
        check_company=True,
        domain="[('account_type', 'not in',"
        " ('asset_receivable', 'liability_payable'))]",
        default=lambda self: self.env.company.get_unaffected_earnings_account(),
        help="The other side of every entry, of the payments too: the account of your "
        "opening balances. No income and no tax is booked.",
    )
    create_customers = fields.Boolean(
        default=True,
        help="Make a contact for each customer whose number (the reference of the "
        "contact) or name is not found. Otherwise such rows are errors.",
    )
    date_order = fields.Selection(
        [
            ("dmy", "Day / month / year"),
            ("mdy", "Month / day / year"),
            ("ymd", "Year / month / day"),
        ],
        "Dates Are",
        help="Empty: as the file itself tells.",
    )
    default_currency_id = fields.Many2one(
        "res.currency",
        "Currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
        help="Of a file that names none.",
    )
    column_ids = fields.One2many(
        "dunning.import.column",
        "import_id",
        "Columns",
        compute="_compute_column_ids",
        store=True,
        readonly=False,
    )
    state = fields.Selection(
        [
            ("draft", "File"),
            ("checking", "Being Checked"),
            ("checked", "Checked"),
            ("importing", "Being Imported"),
            ("done", "Imported"),
        ],
        required=True,
        readonly=True,
        default="draft",
        copy=False,
    )
    error = fields.Text(readonly=True, copy=False)
    reading = fields.Json(
        readonly=True, copy=False, help="How the file is read, once that is known."
    )
    row_ids = fields.One2many("dunning.import.row", "import_id", "Rows", readonly=True)
    row_count = fields.Integer("Rows Read", compute="_compute_counts")
    ready_count = fields.Integer("New", compute="_compute_counts")
    pay_count = fields.Integer("New Payments", compute="_compute_counts")
    known_count = fields.Integer("Known", compute="_compute_counts")
    changed_count = fields.Integer("Different", compute="_compute_counts")
    error_count = fields.Integer("Errors", compute="_compute_counts")
    booked_count = fields.Integer("Imported Rows", compute="_compute_counts")
    progress = fields.Float(
        compute="_compute_counts", help="Of the rows to book, in %."
    )
    error_file = fields.Binary(compute="_compute_error_file")

    # === COMPUTED === #

    @api.depends("data")
    def _compute_column_ids(self):
        """What the columns hold, by their usual names; people correct it."""
        for one in self:
            if not one.data and not one._origin:
                one.column_ids = [Command.clear()]
                continue
            table = one._open()
            found = {
                position: name
                for name, position in csv_columns.recognise(table.header).items()
            }
            examples = one._get_examples(table)
            one.column_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {
                            "position": position,
                            "name": header.strip(),
                            "example": examples[position],
                            "holds": found.get(position),
                        }
                    )
                    for position, header in enumerate(table.header)
                ),
            ]

    @api.model
    def _get_examples(self, table):
        """The first values of each column, as one text."""
        rows = []
        for _line, cells in table.records():
            if isinstance(cells, list):
                rows.append(cells)
            if len(rows) == EXAMPLES:
                break
        return [
            ", ".join(
                cells[position].strip().strip("\0")
                for cells in rows
                if position < len(cells) and cells[position].strip()
            )
            for position in range(len(table.header))
        ]

    @api.depends("row_ids.state")
    def _compute_counts(self):
        groups = self.env["dunning.import.row"]._read_group(
            [("import_id", "in", self.ids)], ["import_id", "state"], ["__count"]
        )
        counts = {(one.id, state): count for one, state, count in groups}
        for one in self:
            count = {state: counts.get((one.id, state), 0) for state in self._states()}
            one.row_count = sum(count.values())
            for state, number in count.items():
                one[f"{state}_count"] = number
            waiting = sum(count[state] for state in OPEN)
            one.progress = 100 * count["booked"] / (count["booked"] + waiting or 1)

    @api.model
    def _states(self):
        return [state for state, _label in self.row_ids._fields["state"].selection]

    def _compute_error_file(self):
        for one in self:
            one.error_file = b64encode(one._get_error_file())

    def _get_error_file(self):
        """The rows that need a person, as CSV: where, what and why."""
        self.ensure_one()
        rows = self.row_ids.search(
            [("import_id", "=", self.id), ("state", "in", ("error", "changed"))],
            order="line",
        )
        header = [
            self.env._("Line"),
            self.env._("Customer"),
            self.env._("Number"),
            self.env._("What Is Wrong"),
            self.env._("Value"),
        ]
        return safe_csv.to_csv(
            header,
            (
                (row.line, row.customer, row.number, row.explanation, row.value)
                for row in rows
            ),
        )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        ones = super().create(vals_list)
        ones.column_ids  # noqa: B018  A file that cannot be read is refused now.
        return ones

    def write(self, vals):
        if not self.env.su and any(one.state != "draft" for one in self):
            raise UserError(
                self.env._("This file was checked already: go back to it first.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_working(self):
        if self.filtered(lambda one: one.state in ("checking", "importing")):
            raise UserError(self.env._("This import is being worked on: wait for it."))

    # === READING === #

    def _open(self):
        """The file as a table.

        :raise UserError: what it is instead
        """
        content = b64decode(self.with_context(bin_size=False).data or b"")
        if len(content) > MAX_BYTES:
            raise UserError(
                self.env._(
                    "The file has more than %s MB: split it.", MAX_BYTES // 1024**2
                )
            )
        try:
            if content.startswith(receivables_file.WORKBOOKS):
                return receivables_file.open_xlsx(content)
            return receivables_file.open_csv(content)
        except receivables_file.FileError as error:
            raise UserError(self._explain(error)) from error

    def _explain(self, error):
        """What a ``FileError`` means, for people."""
        labels = dict(
            self.env["dunning.import.column"]
            ._fields["holds"]
            ._description_selection(self.env)
        )
        missing = ", ".join(labels[name] for name in error.facts.get("missing", ()))
        words = {
            "workbook": self.env._(
                "This workbook cannot be read: save it as .xlsx or as CSV."
            ),
            "too_large": self.env._("The workbook is too large: split it."),
            "no_text": self.env._("This is neither CSV nor an .xlsx workbook."),
            "empty": self.env._(
                "The file is empty: it needs a line with the names of the columns and "
                "a line per invoice."
            ),
            "no_rows": self.env._(
                "The file has the names of the columns at most, but no invoices."
            ),
            "unclosed": self.env._(
                "Line %s: a quotation mark is opened and never closed. Close or "
                "remove it.",
                error.facts.get("line"),
            ),
            "columns": self.env._("No column holds this yet: %s.", missing),
            "date_order": self.env._(
                "Is the day or the month first in %s? The file fits both: choose it "
                "under “Dates Are”.",
                error.facts.get("example"),
            ),
        }
        return words[error.code]

    def _get_positions(self):
        """{field: position of its column}, a customer's name stands in for his
        number."""
        positions = {
            column.holds: column.position for column in self.column_ids if column.holds
        }
        if "customer_name" in positions:
            positions.setdefault("customer", positions["customer_name"])
        return positions

    # === ACTIONS === #

    def action_check(self):
        """Dry run: read all rows and say what would happen with each."""
        self.ensure_one()
        self._move(("draft", "checked"), "checking")
        try:
            receivables_file.check_columns(
                self.column_ids.mapped("name"), self._get_positions()
            )
        except receivables_file.FileError as error:
            raise UserError(self._explain(error)) from error
        self.sudo().write({"error": False, "reading": False})
        self.env["dunning.import.row"]._forget(self)
        self._start()

    def action_import(self):
        """Book what was checked."""
        self.ensure_one()
        self._move(("checked",), "importing")
        if self.create_customers and self.ready_count:
            self.env["res.partner"].check_access("create")
        self._start()

    def action_edit(self):
        """Back to the file and its columns."""
        self._move(("checked",), "draft")

    def action_open_rows(self):
        """Open the rows in the state that the button names."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "dunning_automation.dunning_import_row_action"
        )
        state = self.env.context.get("row_state")
        states = [("state", "=", state)] if state else []
        return action | {"domain": [("import_id", "=", self.id), *states]}

    def action_download_errors(self):
        """Download what needs a person, as CSV."""
        self.ensure_one()
        url = f"/web/content/{self._name}/{self.id}/error_file/errors-{self.id}.csv"
        return {
            "type": "ir.actions.act_url",
            "url": f"{url}?download=true",
            "target": "self",
        }

    def _move(self, sources, target):
        self.check_access("write")
        if any(one.state not in sources for one in self):
            raise UserError(
                self.env._("The import went on meanwhile: reload the page.")
            )
        self.sudo().state = target

    def _start(self):
        content = self.with_context(bin_size=False).data
        if len(content) <= SMALL:
            self._work(lambda done: True)
        else:
            self.env.ref("dunning_automation.ir_cron_import").sudo()._trigger()

    @api.autovacuum
    def _gc_old(self):
        """Files and rows hold names and addresses; the entries keep the keys."""
        limit = fields.Datetime.subtract(self.env.cr.now(), days=KEPT_DAYS)
        old = self.search(
            [
                ("state", "not in", ("checking", "importing")),
                ("write_date", "<", limit),
            ],
            limit=10,
        )
        old.unlink()
        return len(old), len(old) == 10

    # === WORK === #

    def _dunning_today(self):
        return self.company_id._dunning_today()

    @api.model
    def _cron_import(self):
        """Go on with all imports, the oldest first."""
        cron = self.env["ir.cron"]
        waiting = self.search([("state", "in", ("checking", "importing"))], order="id")
        for position, one in enumerate(waiting):
            left = len(waiting) - position
            if not one._work(functools.partial(cron._commit_progress, remaining=left)):
                return
            cron._commit_progress(1, remaining=left - 1)

    def _work(self, commit):
        """Check or book on where it stopped, in the name of the user who made it.

        :param commit: called with the number of rows after each batch; 0 = no time left
        :return: whether it is done
        """
        user = self.create_uid
        one = self.with_user(user).with_context(
            lang=user.lang, allowed_company_ids=self.company_id.ids
        )
        return one._check(commit) if one.state == "checking" else one._book(commit)

    def _check(self, commit):
        try:
            table = self._open()
            self._stage_all(table, self._get_format(table), commit)
        except (UserError, receivables_file.FileError) as error:
            is_known = isinstance(error, receivables_file.FileError)
            self.sudo().write(
                {
                    "state": "draft",
                    "error": self._explain(error) if is_known else str(error),
                }
            )
            return True
        self.env["dunning.import.row"]._judge(self)
        self.sudo().state = "checked"
        return True

    def _get_format(self, table):
        """How the rows are read: found out once, by looking at the whole file."""
        if not self.reading:
            form = receivables_file.understand(
                table,
                self._get_positions(),
                self.date_order or None,
                self.default_currency_id.name,
            )
            self.sudo().reading = vars(form)
        return receivables_file.Format(**self.reading)

    def _stage_all(self, table, form, commit):
        """Read the rows that are not read yet. Whatever the cron's time, to the end:
        to find the place again costs as much as to go on."""
        rows = self.env["dunning.import.row"]
        last = rows._get_last_line(self)
        records = (record for record in table.records() if record[0] > last)
        for batch in split_every(STAGED, records, list):
            rows._stage(self, batch, form)
            commit(len(batch))

    def _book(self, commit):
        """Book batch by batch. What fails is an error of its row."""
        rows = self.env["dunning.import.row"]
        domain = [("import_id", "=", self.id), ("state", "in", OPEN)]
        while batch := rows.search(domain, order="line", limit=BOOKED):
            batch._book_or_blame()
            done = len(batch)
            self.env.invalidate_all()  # A long import stays small.
            if not commit(done):
                return False
        self.sudo().state = "done"
        return True
