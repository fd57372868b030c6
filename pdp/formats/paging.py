"""Joins the pages of an answer and proves that none is missing (§8.2).

An answer that is not complete is a fault, never a smaller rule set: a drop by group peer would turn into an accept.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pdp.formats.bundle_files import AnswerName, Api, BundleFiles
from pdp.formats.faults import Findings
from pdp.formats.json_text import decode_text, parse_json
from pdp.model.errors import quoted
from pdp.model.protocols import parse_digits


class Located(NamedTuple):
    """One object of a list, with its file and, for an object without an id, what to call it in a message."""

    file: str
    label: str
    values: dict[str, object]


class Page(NamedTuple):
    """One page that was read: its file, its body, and its objects."""

    file: str
    body: dict[str, object]
    objects: tuple[Located, ...]


class Answer(NamedTuple):
    """All that an API said about a subject.

    `whole` is False after a fault: then nothing may be concluded from what is absent.
    """

    name: AnswerName
    pages: tuple[Page, ...] = ()
    objects: tuple[Located, ...] = ()
    whole: bool = True


class Answers(NamedTuple):
    """Every answer of a bundle."""

    by_name: Mapping[AnswerName, Answer]

    def about(self, api: Api, subject: str = "") -> Answer | None:
        """One answer, or None when there is no file of it."""
        return self.by_name.get(AnswerName(api, subject))

    def all_about(self, api: Api) -> dict[str, Answer]:
        """The answers of an API that answers about one subject at a time, by that subject's id, sorted."""
        return {name.subject: answer for name, answer in sorted(self.by_name.items()) if name.api == api}


def join_answers(files: BundleFiles, findings: Findings) -> Answers:
    """Reads and joins the pages of every answer."""
    return Answers({name: _join(name, pages, files.read, findings) for name, pages in sorted(files.answers.items())})


def _join(name: AnswerName, files: dict[int, list[str]], read: Callable[[str], bytes], findings: Findings) -> Answer:
    faults_before = len(findings.faults)
    pages = [page for number in sorted(files) if (page := _read_page(name, number, files[number], read, findings))]
    missing = next((number for number in range(1, max(files)) if number not in files), None)
    if missing:
        reason = f"page {missing} is missing ({name.file(missing)})"
        findings.fault(files[max(files)][0], name.subject, f"incomplete answer: {reason}; {_how_to_export(name)}")
    objects = _distinct(name.api, pages, findings)
    if len(findings.faults) == faults_before:
        _check_complete(name, pages, len(objects), findings)
    return Answer(name, tuple(pages), tuple(objects), len(findings.faults) == faults_before)


def _read_page(
    name: AnswerName, number: int, files: list[str], read: Callable[[str], bytes], findings: Findings
) -> Page | None:
    file = files[0]
    if number == 0:
        findings.fault(file, name.subject, "pages count from 1; name the first page without a number")
    if len(files) > 1:
        message = f"page {number} is also in {', '.join(files[1:])}; keep one of them"
        findings.fault(file, name.subject, message)
    try:
        body = parse_json(decode_text(read(file)))
        return Page(file, *_body_and_objects(name, file, body))
    except ValueError as error:
        findings.fault(file, name.subject, str(error))
        return None


def _body_and_objects(name: AnswerName, file: str, body: object) -> tuple[dict[str, object], tuple[Located, ...]]:
    """The body as an object and its list. Raises ValueError."""
    if not isinstance(body, dict):
        raise ValueError("not an answer: it is not a JSON object")
    found: object = body
    for key in name.api.list_path:
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, list):
        code = f" (it says {quoted(body['Code'])})" if body.get("Code") else ""
        raise ValueError(f"not an answer of {name.api.name}: it has no list {'.'.join(name.api.list_path)}{code}")
    carried = body.get(name.api.subject_key) or ""
    if name.subject and carried != name.subject and (carried or name.api.body_has_subject):
        raise ValueError(f"its {name.api.subject_key} is {quoted(carried)}, not the {name.subject} of the file's name")
    return body, tuple(_locate(name.api, file, found))


def _locate(api: Api, file: str, items: list[object]) -> Iterator[Located]:
    for position, item in enumerate(items, 1):
        label = f"{api.list_path[-1]} {position}"
        if not isinstance(item, dict):
            raise ValueError(f"{label} of its list is {quoted(item)}, not an object")
        yield Located(file, _id_of(api, item) or label, item)


def _id_of(api: Api, values: dict[str, object]) -> str:
    """The object's id; blank when it has none that can be read."""
    object_id = values.get(api.id_key) if api.id_key else ""
    return object_id if isinstance(object_id, str) else ""


def _distinct(api: Api, pages: list[Page], findings: Findings) -> list[Located]:
    """Each object once; the same id with different content is a fault."""
    seen: dict[str, Located] = {}
    for located in (located for page in pages for located in page.objects):
        object_id = _id_of(api, located.values)
        key = f"id {object_id}" if object_id else _content(located.values)
        first = seen.setdefault(key, located)
        if first is not located and _content(first.values) != _content(located.values):
            where = "twice in this file" if first.file == located.file else f"also in {first.file}"
            message = f"stands {where} with different content; the export changed on the way: export again"
            findings.fault(located.file, located.label, message)
    return list(seen.values())


def _content(value: object) -> str:
    """Equal for objects with the same content; blank and absent are the same."""
    return json.dumps(_without_blanks(value), sort_keys=True)


def _without_blanks(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _without_blanks(member) for key, member in value.items()}
        return {key: member for key, member in kept.items() if member not in (None, "", [], {})}
    if isinstance(value, list):
        return [_without_blanks(member) for member in value]
    return value


def _check_complete(name: AnswerName, pages: list[Page], found: int, findings: Findings) -> None:
    """With any NextToken, tokens tell the last page; without one, TotalCount counts, where it is given."""
    tokens = [_token(page, name, findings) for page in pages]
    if not any(tokens):
        _check_total(name, pages, found, findings)
        return
    for page, token, number in zip(pages, tokens, range(1, len(pages) + 1), strict=True):
        if token and number == len(pages):
            reason = f"it has a NextToken, but there is no page {number + 1} ({name.file(number + 1)})"
            findings.fault(page.file, name.subject, f"incomplete answer: {reason}; {_how_to_export(name)}")
        elif not token and number < len(pages):
            reason = f"it follows {page.file}, which has no NextToken and so is the last page"
            findings.fault(pages[number].file, name.subject, f"{reason}; remove left-over pages or export again")


def _check_total(name: AnswerName, pages: list[Page], found: int, findings: Findings) -> None:
    totals = {_total(page, name, findings) for page in pages} - {0}
    for total in sorted(totals):
        if total != found:
            reason = f"{found} objects found, but TotalCount is {total}"
            findings.fault(pages[-1].file, name.subject, f"incomplete answer: {reason}; {_how_to_export(name)}")
            return
    if not totals and len(pages) > 1:
        reason = f"it follows {pages[0].file}, which has neither a NextToken nor a TotalCount and so is the last page"
        findings.fault(pages[1].file, name.subject, f"{reason}; remove left-over pages or export again")


def _token(page: Page, name: AnswerName, findings: Findings) -> str:
    token = page.body.get("NextToken")
    if token is None or isinstance(token, str):
        return token or ""
    findings.fault(page.file, name.subject, f"NextToken {quoted(token)} is not a text")
    return ""


def _total(page: Page, name: AnswerName, findings: Findings) -> int:
    """The page's TotalCount; 0, which says nothing, when it is absent."""
    total = page.body.get("TotalCount")
    if total is None or total == "":
        return 0
    number = parse_digits(str(total)) if type(total) is int or isinstance(total, str) else None
    if number is None:
        findings.fault(page.file, name.subject, f"TotalCount {quoted(total)} is not a whole number")
        return 0
    return number


def _how_to_export(name: AnswerName) -> str:
    if name.api.name == "DescribeVpcs":
        return f"export every page: `{name.call} --PageSize 50 --PageNumber 2 > {name.file(2)}`, and so on"
    return (
        f"export every page: `{name.call} --MaxResults 100`, then the same with `--NextToken` and the token of the "
        f"page before, into {name.file(2)} and so on, until it is blank"
    )
