"""The statements of a JavaScript function, as text: enough of a parser to know where each ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PAIRS = {"(": ")", "{": "}", "[": "]"}
# Behind one of these a slash begins a regular expression.
_BEFORE_REGEX = set("(,=:[!&|?{};+-*%~^<>")
_WORDS_BEFORE_REGEX = {"return", "typeof", "case", "in", "of", "void", "delete", "do", "else"}
_ENDS_WITH_BLOCK = re.compile(r"(?:async )?function\b|(?:class|if|for|while|try|switch)\b")
_GOES_ON = re.compile(r"\s*(?:else|catch|finally)\b")
_LAST_WORD = re.compile(r"[\w$]+$")


def _quoted_end(text: str, at: int) -> int:
    quote = text[at]
    at += 1
    while text[at] != quote:
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _template_end(text: str, at: int) -> int:
    at += 1
    while text[at] != "`":
        if text.startswith("${", at):
            at = block_end(text, at + 1)
        else:
            at += 2 if text[at] == "\\" else 1
    return at + 1


def _is_regex(text: str, at: int) -> bool:
    before = text[max(0, at - 12) : at].rstrip()
    word = _LAST_WORD.search(before)
    return before[-1:] in _BEFORE_REGEX or (word is not None and word.group() in _WORDS_BEFORE_REGEX)


def _regex_end(text: str, at: int) -> int:
    at += 1
    in_class = False
    while in_class or text[at] != "/":
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            in_class = True
        elif text[at] == "]":
            in_class = False
        at += 1
    return at + 1


def _token_end(text: str, at: int) -> int:
    """The end of the character at this place, or of the string, block or the like that begins with it."""
    first = text[at]
    if first in "\"'":
        return _quoted_end(text, at)
    if first == "`":
        return _template_end(text, at)
    if text.startswith("//", at):
        return text.index("\n", at)
    if text.startswith("/*", at):
        return text.index("*/", at) + 2
    if first == "/" and _is_regex(text, at):
        return _regex_end(text, at)
    return block_end(text, at) if first in _PAIRS else at + 1


def block_end(text: str, at: int) -> int:
    """Behind the bracket that goes with the one at this place. IndexError where there is none."""
    last = _PAIRS[text[at]]
    at += 1
    while text[at] != last:
        at = _token_end(text, at)
    return at + 1


def _statement_end(text: str, at: int, end: int) -> int:
    with_block = _ENDS_WITH_BLOCK.match(text, at) is not None
    while at < end:
        if text[at] == ";":
            return at + 1
        is_block = text[at] == "{"
        at = _token_end(text, at)
        if is_block and with_block and _GOES_ON.match(text, at) is None:
            return at
    return at


def has_parts(statement: str) -> bool:
    """Whether a comma divides it: a declaration of several variables is one of those."""
    at = 0
    while at < len(statement):
        if statement[at] == ",":
            return True
        at = _token_end(statement, at)
    return False


def statements(text: str) -> Iterator[str]:
    """Of a function's body. What is between them, white space and semicolons, is left out."""
    at = 0
    while at < len(text):
        if text[at].isspace() or text[at] == ";":
            at += 1
            continue
        end = _statement_end(text, at, len(text))
        yield text[at:end]
        at = end
