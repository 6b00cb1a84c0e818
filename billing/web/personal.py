"""Personal data on the wire: masked wherever it is shown in passing, and read in full only for a purpose."""

from typing import Any

from billing.access.models import Role
from billing.kernel.identifiers import mask_iin, mask_phone
from billing.web.fields import Schema, TextField

READERS = (Role.CLERK, Role.ACCOUNTANT, Role.ADMIN)  # who may see an IIN whole, and is logged for it


class MaskedIinField(TextField):
    """An IIN or BIN with its middle hidden."""

    def __init__(self, **options: Any) -> None:
        super().__init__(12, dump_only=True, **options)

    def _show(self, value: Any) -> str:
        return mask_iin(value)


class MaskedPhoneField(TextField):
    """A phone with its middle hidden."""

    def __init__(self, **options: Any) -> None:
        super().__init__(20, dump_only=True, **options)

    def _show(self, value: Any) -> str:
        return mask_phone(value)


class PurposeArgs(Schema):
    """Why personal data is read; the reading is logged."""

    purpose = TextField(200, length_min=3, required=True)
