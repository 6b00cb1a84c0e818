"""Enumerations that people see: every value has a name in the kk, ru and en catalogues."""

import re
from enum import StrEnum


class Shown(StrEnum):
    """An enumeration whose values are shown to people, under ``<class_in_snake_case>.<value>``."""

    @property
    def message(self) -> str:
        """The catalogue's key of this value: ``Unit.M3`` is ``unit.m3``."""
        prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()
        return f"{prefix}.{self.value}"


class Language(Shown):
    """The languages of every text people see. Kazakh, the state language, is the default."""

    KK = "kk"
    RU = "ru"
    EN = "en"
