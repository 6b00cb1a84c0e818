"""Reads a statement for PostgreSQL and says whether all rows it brings together are of one district.

Every occurrence of a district's table must be bound to the others: by an equality of ``district_id``, by
several of them through other tables, or by one parameter. That is what lets PostgreSQL's distributed form
(Citus) answer on the one machine where the district lies. What the reader does not understand binds nothing,
so it errs by refusing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import sqlglot
from sqlglot import exp

DISTRICT = "district_id"
Columns = Mapping[str, Collection[str]]  # of every table of the schema

_Term = tuple[object, str]  # a column of one occurrence of a table
_Outputs = dict[str, _Term | None]  # what a query selects, in order; None where it is no column
_Found = tuple[_Outputs, list[_Term]]  # with the district of every occurrence inside of it

_CHANGES = (exp.Insert, exp.Update, exp.Delete)
_KNOWN = (exp.Select, exp.SetOperation, *_CHANGES)
_GIVEN: _Term = ("given", DISTRICT)  # the district that parameters and literals name


@dataclass(frozen=True, slots=True)
class Reading:
    """What a statement does with districts.

    Attributes:
        is_bound: all that it brings together is of one district, if those that are named are the same.
        parameters: the names of those that say which.
        literals: districts that the statement names itself.
    """

    is_bound: bool
    parameters: frozenset[str]
    literals: frozenset[str]

    def stays_in_one_district(self, given: object) -> bool:
        """Whether all is bound together, and these parameters name the same district everywhere."""
        named = set(self.literals)
        if isinstance(given, Mapping):
            named |= {str(given[name]) for name in self.parameters if name in given}
        return self.is_bound and len(named) <= 1


def read(sql: str, columns: Columns) -> Reading:
    """Read a statement.

    Args:
        columns: of every table of the schema; what has a ``district_id`` is a district's.
    """
    reader = _Reader(columns)
    reader.read(sqlglot.parse_one(sql, read="postgres"), _Scope())
    return Reading(reader.is_bound, frozenset(reader.parameters), frozenset(reader.literals))


@dataclass
class _Scope:
    """What the names in a SELECT mean, those around it included."""

    outer: "_Scope | None" = None
    with_queries: dict[str, Callable[[], _Found]] = field(default_factory=dict)
    sources: dict[str, Callable[[str], _Term | None]] = field(default_factory=dict)
    districts: list[_Term] = field(default_factory=list)

    def with_query(self, name: str) -> Callable[[], _Found] | None:
        found = self.with_queries.get(name)
        return found if found is not None or self.outer is None else self.outer.with_query(name)

    def column(self, table: str, name: str) -> _Term | None:
        """The column of that name; None where it is not known which one is meant."""
        if not table:
            found = [term for source in self.sources.values() if (term := source(name)) is not None]
            if found:
                return found[0] if len(found) == 1 else None
        elif table in self.sources:
            return self.sources[table](name)
        return self.outer.column(table, name) if self.outer is not None else None


class _Reader:
    """One statement being read."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.is_bound = True
        self.parameters: set[str] = set()
        self.literals: set[str] = set()
        self._equal: dict[_Term, _Term] = {}

    def read(self, node: exp.Expr, outer: _Scope) -> _Found:
        """Read a query or a change, and whatever stands in it."""
        if isinstance(node, exp.Subquery | exp.Paren):
            return self.read(node.this, outer)
        assert isinstance(node, _KNOWN), f"the reader does not know {type(node).__name__}"
        scope = _Scope(outer)
        self._read_with(node, scope)
        if isinstance(node, exp.SetOperation):
            return self._read_set(node, scope)
        places, conditions = _parts(node)
        for place in places:
            self._read_source(place, scope)
        read_already = {id(place) for place in places}
        for condition in conditions:
            read_already.add(id(self._bind(condition, scope)))
        if isinstance(node, exp.Insert):
            read_already.add(id(self._read_insert(node, scope)))
        for inner in _inner_queries(node, read_already):
            scope.districts += self.read(inner, scope)[1]
        if len({self._class(district) for district in scope.districts}) > 1:
            self.is_bound = False
        return self._outputs(node, scope), scope.districts

    def _read_with(self, node: exp.Expr, scope: _Scope) -> None:
        clause = node.args.get("with_")
        if clause is None:
            return
        assert not clause.args.get("recursive"), "the reader does not know recursion"
        for query in clause.expressions:
            # Read anew wherever it is named: two occurrences of it may be of two districts.
            names = [column.name for column in query.args["alias"].columns]
            if isinstance(query.this, _CHANGES):
                self.read(
                    query.this, _Scope()
                )  # a change of its own, which happens whether it is named or not
            scope.with_queries[query.alias] = partial(self._read_named, query.this, scope, names)

    def _read_named(self, node: exp.Expr, scope: _Scope, names: Sequence[str]) -> _Found:
        outputs, districts = self.read(node, scope)
        return _renamed(outputs, names), districts

    def _read_set(self, node: exp.SetOperation, scope: _Scope) -> _Found:
        left, left_districts = self.read(node.this, scope)
        right, right_districts = self.read(node.expression, scope)
        outputs: _Outputs = {}
        for (name, one), other in zip(left.items(), right.values(), strict=False):
            outputs[name] = None
            if one is not None and other is not None:
                # A row of the result has the district of the row it comes from, on either side.
                self._unite(one, other)
                outputs[name] = one
        return outputs, left_districts + right_districts

    def _read_insert(self, node: exp.Insert, scope: _Scope) -> exp.Expr | None:
        """Read the target, and the query whose rows go there. Returns the query."""
        query, target = node.expression, node.this
        self._read_table(target.this if isinstance(target, exp.Schema) else target, scope)
        if not isinstance(query, exp.Select | exp.SetOperation | exp.Subquery):
            return None
        outputs, districts = self.read(query, scope)
        source = _renamed(outputs, [column.name for column in target.expressions]).get(DISTRICT)
        if source is not None and scope.districts:
            self._unite(scope.districts[-1], source)
        scope.districts += districts
        return query

    def _read_source(self, place: exp.Expr, scope: _Scope) -> None:
        inner = place.this if isinstance(place, exp.Lateral) else place
        alias = place.args.get("alias")
        names = [column.name for column in alias.columns] if alias is not None else []
        if isinstance(place, exp.Table) and (query := scope.with_query(place.name)) is not None:
            outputs, districts = query()
        elif isinstance(place, exp.Table) and isinstance(place.this, exp.Identifier):
            self._read_table(place, scope)
            return
        elif isinstance(inner, exp.Subquery):
            outputs, districts = self.read(inner, scope)
        else:  # a function or VALUES: nothing of ours
            outputs, districts = dict.fromkeys(names), []
        scope.sources[place.alias_or_name] = _renamed(outputs, names).get
        scope.districts += districts

    def _read_table(self, table: exp.Expr, scope: _Scope) -> None:
        occurrence = object()
        known = self.columns.get(table.name)

        def column(name: str) -> _Term | None:
            if table.name == "district" and name == "id":
                return (occurrence, DISTRICT)
            return (occurrence, name) if known is None or name in known else None

        scope.sources[table.alias_or_name] = column
        if known is not None and DISTRICT in known:
            scope.districts.append((occurrence, DISTRICT))

    def _bind(self, condition: exp.Expr, scope: _Scope) -> exp.Expr | None:
        """Take note of an equality that always holds; nothing else binds. Returns a query it has read."""
        if isinstance(condition, exp.EQ):
            for one, other in zip(_members(condition.this), _members(condition.expression), strict=False):
                self._equate(self._term(one, scope), self._term(other, scope))
        query = condition.args.get("query") if isinstance(condition, exp.In) else None
        if query is not None:
            outputs, districts = self.read(query, scope)
            for member, output in zip(_members(condition.this), outputs.values(), strict=False):
                self._equate(self._term(member, scope), output)
            scope.districts += districts
        return query if isinstance(query, exp.Expr) else None

    def _equate(self, one: _Term | str | None, other: _Term | str | None) -> None:
        for term, named in ((one, other), (other, one)):
            if isinstance(term, tuple) and isinstance(named, str) and term[1] == DISTRICT:
                (self.parameters if named.startswith(":") else self.literals).add(named.removeprefix(":"))
                self._unite(term, _GIVEN)
        if isinstance(one, tuple) and isinstance(other, tuple):
            self._unite(one, other)

    def _term(self, node: exp.Expr, scope: _Scope) -> _Term | str | None:
        """A column; the name of a parameter after a colon; a literal; None for anything else."""
        while isinstance(node, exp.Cast | exp.Paren | exp.Alias):
            node = node.this
        if isinstance(node, exp.Column):
            return scope.column(node.table, node.name)
        if isinstance(node, exp.Placeholder) and node.name:
            return f":{node.name}"
        return node.name if isinstance(node, exp.Literal) else None

    def _outputs(self, node: exp.Expr, scope: _Scope) -> _Outputs:
        outputs: _Outputs = {}
        for place, selected in enumerate(node.expressions if isinstance(node, exp.Select) else ()):
            term = self._term(selected, scope)
            outputs[selected.alias_or_name or str(place)] = term if isinstance(term, tuple) else None
        return outputs

    def _class(self, term: _Term) -> _Term:
        while (nearer := self._equal.get(term, term)) != term:
            term = nearer
        return term

    def _unite(self, one: _Term, other: _Term) -> None:
        one, other = self._class(one), self._class(other)
        if one != other:
            self._equal[one] = other


def _parts(node: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """What a SELECT, UPDATE or DELETE reads from, and the conditions that all hold."""
    clause, where = node.args.get("from_"), node.args.get("where")
    places = [node.this] if isinstance(node, exp.Update | exp.Delete) else []
    places += [clause.this] if clause is not None else []
    places += [*(node.args.get("using") or ()), *(node.args.get("laterals") or ())]
    conditions = [*_conjuncts(where.this)] if where is not None else []
    joins = [*(node.args.get("joins") or ())]
    for place in places:
        joins += place.args.get("joins") or ()
    for join in joins:
        assert not (join.args.get("using") or join.args.get("method")), "say ON: the reader knows no USING"
        places.append(join.this)
        joins += join.this.args.get("joins") or ()
        conditions += _conjuncts(join.args["on"]) if join.args.get("on") is not None else []
    return places, conditions


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.this)
        yield from _conjuncts(condition.expression)
    elif isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    else:
        yield condition


def _members(node: exp.Expr) -> list[exp.Expr]:
    return node.expressions if isinstance(node, exp.Tuple) else [node]


def _renamed(outputs: _Outputs, names: Sequence[str]) -> _Outputs:
    return dict(zip(names, outputs.values(), strict=False)) if names else outputs


def _inner_queries(node: exp.Expr, read_already: Collection[int]) -> Iterator[exp.Expr]:
    """The queries that stand in a statement's expressions, the outermost of each only."""
    for child in node.iter_expressions():
        if id(child) in read_already or isinstance(child, exp.With):
            continue
        if isinstance(child, exp.Select | exp.SetOperation):
            yield child
        else:
            yield from _inner_queries(child, read_already)
