"""Receipt books of cashiers who take cash where there is no line: every number is accounted for."""
