"""The clerk's desk: customers, contracts, orders, and the invoices that follow from them."""
