"""Arguments and answers of lists: pages by cursor, sorting, and filters of each list's own."""

from functools import cache
from typing import Any

import marshmallow as ma

from billing.kernel.paging import PAGE_SIZE, PAGE_SIZE_MAX, PageRequest
from billing.web.fields import ListField, NestedField, Schema, StrictInteger, TextField, _Coded
from billing.web.problems import refuse


class SortField(_Coded):
    """The order of a list: one of its names, or ``-name`` for the other way round."""

    def __init__(self, *names: str, **options: Any) -> None:
        both = [sort for name in names for sort in (name, f"-{name}")]
        super().__init__(metadata={"type": "string", "enum": both}, **options)
        self._sorts = both

    def _read(self, value: Any) -> str:
        if value not in self._sorts:
            raise refuse("unknown_choice", choices=self._sorts)
        return str(value)


class ListArgs(Schema):
    """The query of a list. Subclass it with the list's filters and its ``sort = SortField("number", …)``.

    The view gets ``page``, a ``PageRequest``, beside the filters that were given.
    """

    cursor = TextField(500, metadata={"description": "`next_cursor` of the page before"})
    limit = StrictInteger(minimum=1, maximum=PAGE_SIZE_MAX, load_default=PAGE_SIZE)

    @ma.post_load
    def _make_page_request(self, args: dict[str, Any], **_: Any) -> dict[str, Any]:
        wanted = {name: args.pop(name, None) for name in ("cursor", "limit", "sort")}
        return {**args, "page": PageRequest(wanted["cursor"], wanted["limit"] or PAGE_SIZE, wanted["sort"])}


@cache
def page_schema(item: type[ma.Schema]) -> type[Schema]:
    """The schema of one page of a list: ``items``, and ``next_cursor``, which is null on the last page."""
    fields = {
        "items": ListField(NestedField(item), dump_only=True, required=True),
        "next_cursor": TextField(500, allow_none=True, dump_only=True, required=True),
        "__module__": item.__module__,
    }
    return type(f"{item.__name__.removesuffix('Out')}Page", (Schema,), fields)
