"""Text from elsewhere made fit for a terminal, and where it goes."""

from __future__ import annotations

import logging
import os
import sys
import unicodedata

import click


def printable(text: str) -> str:
    """`text` on one line, with every control or undecodable character written as an escape.

    Names come from guests, databases and XML: an escape sequence in one must not reach the
    terminal.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _escaped(character)
        for character in text.replace("\n", " ")
    )


class PrintableFormatter(logging.Formatter):
    """Writes what is logged line by line, each of them printable: a log is read on a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """As Formatter.format."""
        return "\n".join(printable(line) for line in super().format(record).split("\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def width(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def say(text: str) -> None:
    """Print a line for people on stderr, beside a command's own output."""
    click.echo(printable(text), err=True)


def give_up_stdout() -> None:
    """Send what is still in stdout's buffer nowhere: its reader is gone or its disk is full."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)
