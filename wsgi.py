"""What a WSGI server loads: ``granian --interface wsgi wsgi:app``."""

from billing.app import create_app

app = create_app()
