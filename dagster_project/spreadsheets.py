"""Tables on their way into a file that people open in a spreadsheet."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# What Excel, LibreOffice or Sheets take for the beginning of a formula, full-width signs of CJK keyboards included.
_FORMULA = r"^(?:[\s\p{Z}]*[=+\-@＝＋－＠]|[\t\r\n])"


def as_text(table: pa.Table) -> pa.Table:
    """The table with an apostrophe before every text that a spreadsheet would compute: what customers typed into a form
    must not run on the machine of who reads it (CWE-1236)."""
    for index, column in enumerate(table.schema):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            texts = table.column(index)
            quoted = pc.binary_join_element_wise("'", texts, "")
            table = table.set_column(
                index, column, pc.if_else(pc.match_substring_regex(texts, _FORMULA), quoted, texts).cast(column.type)
            )
    return table
