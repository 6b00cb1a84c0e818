"""Ids made by the program: UUID version 7, so that rows lie in the order of their making."""

from uuid import UUID

import uuid_utils

Id = UUID


def new_id() -> Id:
    """A fresh id. A client may bring its own instead, so that a retry carries the same one."""
    return UUID(int=uuid_utils.uuid7().int)
