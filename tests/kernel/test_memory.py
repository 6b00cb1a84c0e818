"""The collector of cycles is left alone in bulk work, and is on again behind it."""

import gc

import pytest

from billing.kernel.memory import no_collecting


def test_nothing_is_collected_in_the_block_and_is_again_behind_it():
    """Also in a block within a block, and behind one that raised."""
    assert gc.isenabled()
    with no_collecting():
        with no_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ZeroDivisionError), no_collecting():
        raise ZeroDivisionError
    assert gc.isenabled()
