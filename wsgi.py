"""What a WSGI server loads: ``granian --interface wsgi wsgi:app``."""

from billing.app import create_app
from billing.kernel.memory import collect_rarely

collect_rarely()
app = create_app()
