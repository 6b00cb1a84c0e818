"""Personal data on the wire: masked wherever it is shown in passing, and read in full only for a purpose."""

from typing import Any

from billing.access.models import Role
from billing.kernel.identifiers import mask_iin, mask_iins_in, mask_phone
from billing.web.fields import Schema, TextField

READERS = (Role.CLERK, Role.ACCOUNTANT, Role.ADMIN)  # who may see an IIN whole, and is logged for it


class MaskedIinField(TextField):
    """An IIN or BIN with its middle hidden."""

    def __init__(self, **options: Any) -> None:
        super().__init__(12, dump_only=True, **options)

    def _show(self, value: Any) -> str:
        return mask_iin(value)


class MaskedTextField(TextField):
    """A text of a bank's, in which whole IINs may stand: their middle is hidden. It may be empty."""

    def __init__(self, length_max: int, **options: Any) -> None:
        super().__init__(length_max, length_min=0, dump_only=True, required=True, **options)

    def _show(self, value: Any) -> str:
        return mask_iins_in(value)


class MaskedPhoneField(TextField):
    """A phone with its middle hidden."""

    def __init__(self, **options: Any) -> None:
        super().__init__(20, dump_only=True, **options)

    def _show(self, value: Any) -> str:
        return mask_phone(value)


class PurposeArgs(Schema):
    """Why personal data is read; the reading is logged."""

    purpose = TextField(200, length_min=3, required=True)
