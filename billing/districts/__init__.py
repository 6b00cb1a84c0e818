"""Places of the official classifier, rural districts and their communal enterprises."""
