"""The district in which tests take place."""

from datetime import date

from sqlalchemy.orm import Session

from billing.districts.models import District, KatoPlace

DISTRICT_ID = 1
DISTRICT_KATO = "473639000"  # Borankul rural district, Beineu district, Mangystau region


def make_district(
    session: Session, district_id: int = DISTRICT_ID, kato_code: str = DISTRICT_KATO
) -> District:
    """A rural district and its place in the classifier, without an enterprise."""
    place = KatoPlace(
        code=kato_code,
        name_kk="Боранқұл ауылдық округі",
        name_ru="Боранкульский с.о.",
        edition=date(2022, 11, 24),
    )
    session.add(place)
    session.flush()
    district = District(
        id=district_id, kato_code=place.code, name_kk=str(place.name_kk), name_ru=place.name_ru
    )
    session.add(district)
    session.flush()
    return district
