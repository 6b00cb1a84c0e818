"""Fixtures of the tests of pages."""

from tests.support.pages import desk  # noqa: F401  # a fixture
