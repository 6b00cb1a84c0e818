"""How the demo is made: step by step, each of units of work that look first what is still missing.

A unit commits as a whole. Whoever stops the demo in the middle and starts it again finds it going on where
it was, because no step remembers what it did: it looks at what exists.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from billing.cli.demo.scene import Scene
from billing.cli.office import Office

Unit = Callable[[Session], object]


@dataclass(frozen=True, slots=True)
class Step:
    """A part of the story.

    Attributes:
        code: of its name in the catalogue, ``demo_step_<code>``.
        missing: the units of work that are still to be done.
        in_district: whether the district exists by then.
    """

    code: str
    missing: Callable[[Session, Scene], Sequence[Unit]]
    in_district: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step has come, in units."""

    step: Step
    done: int
    of: int


def run_steps(office: Office, scene: Scene, steps: Sequence[Step]) -> Iterator[Progress]:
    """Do what is missing, unit by unit, and tell after each of them."""
    for step in steps:
        district_id = office.district_id if step.in_district else None
        with office.sessions.begin(district_id, read_only=True) as session:
            missing = step.missing(session, scene)
        yield Progress(step, 0, len(missing))
        for done, unit in enumerate(missing, start=1):
            with office.sessions.begin(district_id) as session:
                unit(session)
            yield Progress(step, done, len(missing))
