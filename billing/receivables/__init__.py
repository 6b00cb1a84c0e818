"""What customers owe and have paid ahead: open lines of invoices, advances, and the allocation between them.

Invoicing opens lines and payments bring money; both stand above this slice and neither knows the other.
"""
