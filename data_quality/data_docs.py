"""Data Docs: the gate's results as pages that open from disk, without a network.

Written here from the validation results of Great Expectations, whose JSON lies beside each page. The library's own site
loads styles and scripts from six public servers and draws its index with one of them, so that offline it is empty.
Pages hold rules, counts and notes; never a value of the data. The index shows the latest run of every stage.
"""

from __future__ import annotations

import html
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_quality.results import ExpectationResult, SuiteResult

INDEX = "index.html"
_SUMMARY = "summary.json"
_STAGES = {
    "landing": "What the channels delivered, before any model reads it.",
    "core": "Dimensions and facts, before the release.",
    "marts": "KPI tables and tie-outs, before the release.",
}
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #c62828; --warn: #a65f00; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1.5rem; }
a { color: inherit; } h1 { font-size: 1.5rem; margin: .2rem 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .2rem; }
p { margin: .3rem 0; } .soft { opacity: .75; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0 1rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--soft); } .n { text-align: right; font-variant-numeric: tabular-nums; }
.state { font-weight: 600; white-space: nowrap; }
.passed { color: var(--good); } .failed { color: var(--bad); } .warned { color: var(--warn); }
""".strip()


def write_stage(
    folder: Path,
    stage: str,
    title: str,
    suites: Sequence[SuiteResult],
    validations: Mapping[str, dict[str, Any]],
) -> Path:
    """Replace the pages of `stage` and rewrite the index, whose path is returned.

    `title` names what was judged (a release); `validations` holds Great Expectations' JSON by suite name.
    """
    pages = folder / stage
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    for suite in suites:
        (pages / f"{_file(suite.suite)}.html").write_text(_suite_page(suite, title), encoding="utf-8")
        if suite.suite in validations:
            (pages / f"{_file(suite.suite)}.json").write_text(
                json.dumps(validations[suite.suite], indent=1, sort_keys=True), encoding="utf-8"
            )
    summary = {"title": title, "suites": [_summary(suite) for suite in suites]}
    (pages / _SUMMARY).write_text(json.dumps(summary, indent=1), encoding="utf-8")
    index = folder / INDEX
    index.write_text(_index_page(folder), encoding="utf-8")
    return index


def _summary(suite: SuiteResult) -> dict[str, Any]:
    return {
        "suite": suite.suite,
        "table": suite.table_name,
        "page": f"{suite.stage}/{_file(suite.suite)}.html",
        "expectations": len(suite.expectations),
        "failures": len(suite.failures),
        "warnings": len(suite.warnings),
        "seconds": round(suite.seconds, 2),
    }


def _index_page(folder: Path) -> str:
    parts = ["<h1>Data quality</h1>"]
    for stage, meaning in _STAGES.items():
        file = folder / stage / _SUMMARY
        parts.append(f"<h2>{stage.capitalize()}</h2>")
        if not file.exists():
            parts.append(f'<p class="soft">{meaning} Not run yet.</p>')
            continue
        summary = json.loads(file.read_text(encoding="utf-8"))
        total = sum(suite["expectations"] for suite in summary["suites"])
        failures = sum(suite["failures"] for suite in summary["suites"])
        warned = sum(suite["warnings"] for suite in summary["suites"])
        parts.append(
            f'<p class="soft">{meaning} {total} expectations of {_text(summary["title"])}.</p>'
            f"<p>{_state(failures, warned)}</p>"
        )
        rows = "".join(
            f"<tr><td>{_state(suite['failures'], suite['warnings'])}</td>"
            f'<td><a href="{_text(suite["page"])}">{_text(suite["table"])}</a></td>'
            f'<td class="n">{suite["expectations"]}</td><td class="n">{suite["failures"]}</td>'
            f'<td class="n">{suite["warnings"]}</td><td class="n">{suite["seconds"]:.2f}</td></tr>'
            for suite in sorted(
                summary["suites"], key=lambda item: (-item["failures"], -item["warnings"], item["suite"])
            )
        )
        parts.append(
            '<table><tr><th>Result</th><th>Table</th><th class="n">Expectations</th><th class="n">Failed</th>'
            f'<th class="n">Warnings</th><th class="n">Seconds</th></tr>{rows}</table>'
        )
    return page("Data quality", "".join(parts))


def _suite_page(suite: SuiteResult, title: str) -> str:
    rows = "".join(_row(item) for item in suite.expectations)
    return page(
        f"{suite.table_name} - data quality",
        f'<p><a href="../{INDEX}">All suites</a></p>'
        f"<h1>{_text(suite.table_name)}</h1><p>{_state(len(suite.failures), len(suite.warnings))}</p>"
        f'<p class="soft">Suite {_text(suite.suite)}, {_text(title)}. '
        "Critical expectations stop the publication, warnings are reported.</p>"
        "<table><tr><th>Result</th><th>Expectation</th><th>Column</th><th>Severity</th><th>Breaking it</th>"
        f"<th>Why the rule exists</th></tr>{rows}</table>",
    )


def _row(item: ExpectationResult) -> str:
    if item.success:
        state = '<span class="state passed">&#10003; met</span>'
    elif item.severity == "critical":
        state = '<span class="state failed">&#10007; failed</span>'
    else:
        state = '<span class="state warned">! warning</span>'
    return (
        f"<tr><td>{state}</td><td>{_text(item.expectation)}</td><td>{_text(item.column_name or '')}</td>"
        f"<td>{_text(item.severity)}</td><td>{_text(item.observed or '')}</td>"
        f"<td>{_text(item.note)}</td></tr>"
    )


def _state(failures: int, warned: int) -> str:
    if failures:
        return f'<span class="state failed">&#10007; {failures} failed</span>'
    if warned:
        return f'<span class="state warned">! passed, {warned} to look at</span>'
    return '<span class="state passed">&#10003; passed</span>'


def page(title: str, body: str, style: str = "") -> str:
    """A whole page that needs nothing else; `title` is plain text, `body` HTML, `style` CSS of its own."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_STYLE}{style}</style></head><body>{body}</body></html>\n"
    )


def _file(suite: str) -> str:
    return suite.partition(".")[2]


def _text(value: object) -> str:
    return html.escape(str(value))
