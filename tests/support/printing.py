"""Forms for the press whose printing goes wrong, and a press whose other process is at work."""

import os
import signal
from contextlib import contextmanager

from billing.archive.press import Press
from invoices import invoice
from tests.invoices.samples import make_invoice

WAIT_SECONDS_MAX = 120


def dies_elsewhere(document):
    """Renders in the process whose number the document holds; any other is killed hard by it."""
    parent, text = document
    if os.getpid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
    return text.encode()


def fails_elsewhere(document):
    """Renders in the process whose number the document holds; raises in any other."""
    parent, text = document
    assert os.getpid() == parent
    return text.encode()


def large(document):
    """Half a megabyte."""
    return b"%d" % document * 100_000


def wait_for_others(press, work, enough=all):
    """Wait until other processes have printed all (or any) that was given to the press, or failed to."""
    with press._turn:
        assert press._turn.wait_for(
            lambda: enough(sheaf.kept is not None or sheaf.returned for sheaf in work.sheaves),
            WAIT_SECONDS_MAX,
        )


@contextmanager
def at_work(store, processes=2):
    """A press whose other processes have printed something already."""
    with Press(processes) as press:
        with press.printing(store, invoice.render, [make_invoice()]) as work:
            wait_for_others(press, work)
        yield press
