"""What is wrong with a value: codes, whose sentences stand in the catalogues under ``invalid.<code>``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why a value was refused.

    Attributes:
        code: stable; the sentence stands under ``invalid.<code>``.
        facts: what the sentence shows, such as the bound that was passed. Never the value itself.
    """

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


def refuse(code: str, **facts: object) -> ma.ValidationError:
    """The error to raise for a value that breaks a rule."""
    return ma.ValidationError([FieldProblem(code, facts)])
