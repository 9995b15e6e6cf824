"""Zone names in both directions, suggestions, and clock changes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.firing.clocks import windows_zones, zones
from reconciler.firing.clocks.offsets import clock


@pytest.mark.parametrize(
    ("name", "iana"),
    [
        ("Europe/Lisbon", "Europe/Lisbon"),
        ("europe/lisbon", "Europe/Lisbon"),
        ("UTC", "UTC"),
        ("utc", "UTC"),
        ("Etc/UTC", "Etc/UTC"),
        ("Pacific Standard Time", "America/Los_Angeles"),
        ("pacific standard time", "America/Los_Angeles"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("UTC-11", "Etc/GMT+11"),
        ("UTC+12", "Etc/GMT-12"),
        ("UTC+13", "Etc/GMT-13"),
        ("Kamchatka Standard Time", "Asia/Kamchatka"),
        ("Mid-Atlantic Standard Time", "Etc/GMT+2"),
        ("Sao Tome Standard Time", "Africa/Sao_Tome"),
        ("EST5EDT", "EST5EDT"),
        ("est5edt", "EST5EDT"),
        ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
        ("GMT+0", "GMT+0"),
    ],
)
def test_resolve(name: str, iana: str) -> None:
    assert zones.resolve(name) == iana


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "Mars/Phobos",
        "Europe",
        "Europe/",
        "/Europe/Lisbon",
        "Europe//Lisbon",
        " Europe/Lisbon",
        "Europe/Lisbon\n",
        "../../etc/passwd",
        "Europe/../Europe/Lisbon",
        "..",
        "\0",
        "Europe/Lisbon\0",
        "\ud800",
        "a" * 10_000,
        "localtime",
        "LOCALTIME",
        "posixrules",
        "Factory",
        "posix/UTC",
        "right/UTC",
        "C:\\Windows",
        "zone.tab",
        "+VERSION",
        "Pacific Standart Time",
    ],
)
def test_resolve_gives_none_for_what_is_no_zone(name: str) -> None:
    assert zones.resolve(name) is None


@given(st.text(max_size=80))
def test_resolve_never_raises_and_gives_zones_that_load(name: str) -> None:
    found = zones.resolve(name)
    assert found is None or zones.zone(found).key == found


def test_resolve_knows_the_whole_database() -> None:
    names = available_timezones() - {"localtime", "Factory", "posixrules"}
    assert {name for name in names if zones.resolve(name) != name} == set()


def test_a_zone_that_this_database_lacks_is_not_offered() -> None:
    assert zones._is_loadable("Europe/Lisbon")
    assert not zones._is_loadable("Europe/Atlantis")


def test_zone() -> None:
    assert zones.zone("Europe/Lisbon") is zones.zone("Europe/Lisbon")
    assert zones.zone("Europe/Lisbon") == ZoneInfo("Europe/Lisbon")


# -------------------------------------------------------------------------------- suggestions


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Europe/Lisbonn", "Europe/Lisbon"),
        ("Europe/Lissabon", "Europe/Lisbon"),
        ("europe/lisboa", "Europe/Lisbon"),
        ("Lisbon", "Europe/Lisbon"),
        ("lisbon", "Europe/Lisbon"),
        ("New York", "America/New_York"),
        ("Berlin Standard Time", "Europe/Berlin"),
        ("W Europe Standard Time", "W. Europe Standard Time"),
        ("Pacific Standart Time", "Pacific Standard Time"),
        ("Central European Summer Time", "Central European Standard Time"),
        ("EST", "EST"),
        ("PST", "Pacific Standard Time"),
        ("UTC+2", "Etc/GMT-2"),
        ("GMT-05:00", "Etc/GMT+5"),
        ("+01:00", "Etc/GMT-1"),
        ("+0000", "UTC"),
    ],
)
def test_nearest(name: str, first: str) -> None:
    assert zones.nearest(name)[0] == first


def test_nearest_gives_as_many_as_asked_for_and_none_for_noise() -> None:
    assert len(zones.nearest("Mars/Phobos")) == 3
    assert len(zones.nearest("Europe/Lisbonn", 1)) == 1
    assert zones.nearest("") == zones.nearest("\ud800") == zones.nearest("x" * 10_000) == []
    assert "Etc/GMT-25" not in zones.nearest("UTC+25")


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=80))
def test_nearest_never_raises_and_gives_zones(name: str) -> None:
    assert all(zones.resolve(known) for known in zones.nearest(name))


def test_nearest_are_those_of_every_name_that_there_is() -> None:
    """It looks at the likeliest first and stops; what it leaves out is less alike."""
    chance = random.Random(1)
    known = sorted({*zones._database().values(), *zones.WINDOWS})
    for _ in range(20):
        name = chance.choice(known)
        at, end = sorted((chance.randrange(len(name)), chance.randrange(len(name))))
        mistaken = name[:at] + chance.choice(["", "x", "_time", "/e"]) + name[end:]
        found = zones.nearest(mistaken, 10)
        scores = {one: _alike(mistaken, one) for one in known}
        least = min((scores[one] for one in found), default=0.5)
        better = [one for one, score in scores.items() if score > least and one not in found]
        assert better == [], mistaken


def _alike(mistaken: str, known: str) -> float:
    a, b = zones._Spelling.of(mistaken), zones._Spelling.of(known)
    text = SequenceMatcher(None, b.text, a.text).ratio()
    return max(text, 0.95 * SequenceMatcher(None, b.place, a.place).ratio())


# ------------------------------------------------------------------------------------ Windows


def test_every_windows_id_is_a_zone() -> None:
    assert len(windows_zones.AZURE) == 131
    assert len(zones.WINDOWS) == 144
    assert {id_ for id_, iana in zones.WINDOWS.items() if zones.resolve(iana) != iana} == set()


@pytest.mark.parametrize(
    ("iana", "id_"),
    [
        ("UTC", "UTC"),
        ("Etc/UTC", "UTC"),
        ("America/Los_Angeles", "Pacific Standard Time"),
        ("Europe/Lisbon", "GMT Standard Time"),
        ("Europe/London", "GMT Standard Time"),
        ("Europe/Berlin", "W. Europe Standard Time"),
        ("Europe/Madrid", "Romance Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
        ("Asia/Calcutta", "India Standard Time"),
        ("Etc/GMT+2", "UTC-02"),
        ("Asia/Kamchatka", "Russia Time Zone 11"),
        # Not in CLDR: another zone with the same clock will do.
        ("EST5EDT", "Eastern Standard Time"),
        # Azure's lists lack "Omsk Standard Time".
        ("Asia/Omsk", "Bangladesh Standard Time"),
        # Winter +00:00 and summer +02:00: nobody else has that.
        ("Antarctica/Troll", None),
        ("Mars/Phobos", None),
    ],
)
def test_windows_name(iana: str, id_: str | None) -> None:
    assert zones.windows_name(iana) == id_


@pytest.mark.parametrize("id_", sorted(windows_zones.AZURE.keys() - windows_zones.OBSOLETE))
def test_an_id_of_azure_comes_back_as_itself(id_: str) -> None:
    assert zones.windows_name(zones.WINDOWS[id_]) == id_


def test_the_clock_of_a_windows_name_is_the_same() -> None:
    for name in ("America/Vancouver", "America/Coyhaique", "Pacific/Kanton", "Africa/Khartoum"):
        id_ = zones.windows_name(name)
        assert id_ is not None
        other = zones.zone(zones.WINDOWS[id_])
        for day in range(0, 730, 5):
            at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
            offsets = {at.astimezone(each).utcoffset() for each in (zones.zone(name), other)}
            assert len(offsets) == 1, (name, id_, at)


def test_windows_name_depends_on_the_year() -> None:
    # Until March 2016 Astrakhan kept the time of Moscow, and then went its own way.
    assert zones.windows_name("Europe/Astrakhan", 2014) != "Russian Standard Time"
    assert zones.windows_name("Europe/Istanbul", 2012) is not None
    assert zones.windows_name("Asia/Pyongyang", 2013) == "North Korea Standard Time"


# ------------------------------------------------------------------------------ clock changes


def of_year(name: str, year: int) -> tuple[zones.Transition, ...]:
    return zones.transitions(
        name, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    )


def test_transitions_of_lisbon() -> None:
    spring, autumn = of_year("Europe/Lisbon", 2026)
    assert spring.at == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert (spring.before, spring.after) == (timedelta(0), timedelta(hours=1))
    assert spring.is_gap
    assert (spring.wall_start, spring.wall_end) == (
        datetime(2026, 3, 29, 1),
        datetime(2026, 3, 29, 2),
    )
    assert autumn.at == datetime(2026, 10, 25, 1, tzinfo=UTC)
    assert not autumn.is_gap
    assert (autumn.wall_start, autumn.wall_end) == (
        datetime(2026, 10, 25, 1),
        datetime(2026, 10, 25, 2),
    )


def test_transitions_of_chicago_2019() -> None:
    spring, autumn = of_year("America/Chicago", 2019)
    assert spring.at == datetime(2019, 3, 10, 8, tzinfo=UTC)
    assert autumn.at == datetime(2019, 11, 3, 7, tzinfo=UTC)


def test_transitions_of_half_an_hour() -> None:
    autumn, spring = of_year("Australia/Lord_Howe", 2026)
    assert autumn.before - autumn.after == timedelta(minutes=30)
    assert spring.after - spring.before == timedelta(minutes=30)


def test_transition_that_skipped_a_day() -> None:
    (*_, skipped) = of_year("Pacific/Apia", 2011)
    assert skipped.wall_start == datetime(2011, 12, 30)
    assert skipped.wall_end == datetime(2011, 12, 31)


def test_a_rule_that_was_given_up() -> None:
    assert len(of_year("Europe/Istanbul", 2015)) == 2
    assert len(of_year("Europe/Istanbul", 2016)) == 1  # to summer time, and there it stayed
    assert of_year("Europe/Istanbul", 2017) == ()


def test_four_changes_in_a_year() -> None:
    assert len(of_year("Africa/Casablanca", 2014)) == 4


@pytest.mark.parametrize("name", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Etc/GMT+5"])
def test_zones_without_changes(name: str) -> None:
    assert of_year(name, 2026) == ()


def test_transitions_are_open_below_and_closed_above() -> None:
    at = datetime(2026, 3, 29, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert len(zones.transitions("Europe/Lisbon", at - second, at)) == 1
    assert zones.transitions("Europe/Lisbon", at, at + second) == ()
    assert zones.transitions("Europe/Lisbon", at - 2 * second, at - second) == ()


def test_transitions_at_the_ends_of_time() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert zones.transitions("Asia/Tokyo", first, first + timedelta(days=2)) == ()
    assert zones.transitions("Europe/Lisbon", last - timedelta(days=30), last) == ()
    assert len(zones.transitions("Europe/Lisbon", last - timedelta(days=365), last)) == 2


def test_unknown_zone() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        zones.transitions(
            "Mars/Phobos", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        )


ZONES = ["Europe/Lisbon", "America/Chicago", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]


@given(
    st.sampled_from([*ZONES, "Africa/Casablanca", "America/St_Johns", "UTC", "Europe/Istanbul"]),
    st.integers(-(2**31), 2**33),
)
def test_conversions_agree_with_zoneinfo(name: str, second: int) -> None:
    zone, own = zones.zone(name), clock(name)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    instant = epoch + timedelta(seconds=second)
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    assert own.offset(second) == offset.total_seconds()
    wall = epoch.replace(tzinfo=zone, fold=0) + timedelta(seconds=second)
    assert epoch + timedelta(seconds=own.instant(second)) == wall.astimezone(UTC)
