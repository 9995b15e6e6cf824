"""The fires of a day as SVG: where marks stand, what they say, and where they lead."""

from __future__ import annotations

from reconciler.web.pages.charts import DayRow, Mark
from reconciler.web.pages.fires.marks import marks_of

SPAN = "&amp;since=2026-11-29T01%3A00&amp;until=2026-11-29T01%3A10"
SINCE, UNTIL = "2026-11-29T01:00", "2026-11-29T01:10"


def drawn(mark: Mark) -> str:
    return str(marks_of(DayRow("Sun 29 Nov", (mark,), None), 18, 'a&b "c"'))


def test_one_run_is_led_to_and_several_as_a_list() -> None:
    one = drawn(Mark(6, 1, "completed", "01:00 to 01:10: 1 completed", "a/run", SINCE, UNTIL))
    assert one == (
        '<a href="/runs/a%2Frun" aria-label="Sun 29 Nov, 01:00 to 01:10: 1 completed"'
        ' tabindex="-1">'
        '<rect x="116" y="20" width="4.5" height="14" rx="1.5" class="mark completed">'
        "<title>01:00 to 01:10: 1 completed</title></rect></a>"
    )
    several = drawn(Mark(6, 2, "failed", "<b>", None, SINCE, UNTIL))
    listed = f"/runs?schedule=a%26b+%22c%22{SPAN}"
    assert f'<a href="{listed}&amp;status=Failed" aria-label="Sun 29 Nov, &lt;b&gt;">' in several
    assert "tabindex" not in several  # what failed is reached with the keyboard
    assert "<b>" not in several


def test_what_is_to_come_leads_nowhere() -> None:
    assert drawn(Mark(0, 3, "upcoming", "3 to come")) == (
        '<rect x="86" y="20" width="14.5" height="14" rx="1.5" class="mark upcoming">'
        "<title>3 to come</title></rect>"
    )
