"""Money, dates, ids, identifiers, refusals, database glue, languages: what every slice stands on."""
