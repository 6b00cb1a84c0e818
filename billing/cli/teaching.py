"""Commands whose help teaches: what it does in a sentence, and examples that can be copied."""

import inspect
from typing import Any

import click

_VERBATIM = "\b\n"  # click's own mark of a paragraph that it must not wrap


def with_examples(text: str | None) -> str | None:
    """The help of a docstring, its examples kept line by line: paragraphs with lines set in."""
    if text is None:
        return None
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(f"{_VERBATIM}{each}" if "\n  " in each else each for each in paragraphs)


class TeachingCommand(click.Command):
    """A command with examples in its docstring."""

    def __init__(self, **options: Any) -> None:
        """As click's; the help is laid out anew."""
        options["help"] = with_examples(options.get("help"))
        super().__init__(**options)


class TeachingGroup(click.Group):
    """A group of such commands."""

    command_class = TeachingCommand

    def __init__(self, **options: Any) -> None:
        """As click's; the help is laid out anew."""
        options["help"] = with_examples(options.get("help"))
        super().__init__(**options)
