"""The accountant's desk: reports, and the closing of months."""
