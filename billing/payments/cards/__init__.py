"""Cards of residents: paid on the bank's own page, told by its callback, asked for where it stays silent."""
