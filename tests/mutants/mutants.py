"""Defects that somebody could put into the code by mistake, one for each guard of the promises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_PLACING = ("tests/duties/test_place.py", "tests/ledger/test_life.py")
_LIMITS = ("tests/duties/test_limits.py",)
_CALENDARS = ("tests/calls/test_reconcile.py", "tests/duties/test_replan.py")


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One defect: in ``file`` the text ``was`` becomes ``becomes``; the ``tests`` must turn red."""

    defect: str
    file: str
    was: str
    becomes: str
    tests: tuple[str, ...]

    def apply(self, root: Path) -> None:
        """:raises LookupError: the text isn't there, or not once alone, so that nobody knows what would change."""
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        found = text.count(self.was)
        if found != 1:
            raise LookupError(
                f"{self.file} holds {self.was!r} {found} times: the code has changed, so say anew in "
                f"tests/mutants/mutants.py how it would be broken by '{self.defect}'"
            )
        path.write_text(text.replace(self.was, self.becomes), encoding="utf-8")


MUTANTS = (
    Mutant(
        defect="a claim holds although the call was changed since",
        file="scheduler/ledger/calls.py",
        was="AND revision = claimed_revision",
        becomes="",
        tests=("tests/ledger/test_life.py",),
    ),
    Mutant(
        defect="a claim holds although another worker has the call",
        file="scheduler/ledger/calls.py",
        was="AND claim_token = token",
        becomes="",
        tests=("tests/ledger/test_life.py",),
    ),
    Mutant(
        defect="the request leaves before its intention is committed",
        file="scheduler/database/groups.py",
        was="    return [(future, result) for (_, _, future), result in zip(items, results, strict=True)]",
        becomes="    for (_, _, future), result in zip(items, results): future.set_result(result)\n    return []",
        tests=("tests/test_database.py",),
    ),
    Mutant(
        defect="a commit doesn't wait for the disk",
        file="scheduler/database/database.py",
        was="PRAGMA synchronous = FULL",
        becomes="PRAGMA synchronous = OFF",
        tests=("tests/test_database.py",),
    ),
    Mutant(
        defect="a request whose answer was lost counts as unsent, and is sent again",
        file="scheduler/callout/client.py",
        was="return PerhapsSent(reason=str(error))",
        becomes="return NotSent(reason=str(error))",
        tests=("tests/callout",),
    ),
    Mutant(
        defect="a request whose answer was lost is sent again at once",
        file="scheduler/callout/client.py",
        was="        except errors.PerhapsSent as error:\n",
        becomes="        except errors.PerhapsSent as error:\n"
        "            self._http.post_json(f'{self._url}/call', request.to_json())\n",
        tests=("tests/callout",),
    ),
    Mutant(
        defect="a proxy's 503 counts as unsent",
        file="scheduler/callout/verdict.py",
        was="(status == 503 and refused_on_503)",
        becomes="status == 503",
        tests=("tests/callout",),
    ),
    Mutant(
        defect="what a crash left requested is sent again",
        file="scheduler/ledger/calls.py",
        was="""claim_token = NULL WHERE {GOING_ON} AND state = 'claimed'\"""",
        becomes="""claim_token = NULL WHERE {GOING_ON} AND state <> 'placed'\"""",
        tests=("tests/ledger/test_life.py",),
    ),
    Mutant(
        defect="what a kill left requested counts as unsent, although it may have left",
        file="scheduler/ledger/departures.py",
        was=" and str(attempt.id) not in noted",
        becomes="",
        tests=("tests/duties/test_take_over.py",),
    ),
    Mutant(
        defect="after a reboot what wasn't noted counts as unsent",
        file="scheduler/ledger/departures.py",
        was='row["boot_id"] != boot_id',
        becomes="False",
        tests=("tests/duties/test_take_over.py",),
    ),
    Mutant(
        defect="what was requested before its process noted anything counts as unsent",
        file="scheduler/ledger/departures.py",
        was='attempt.id >= row["first_attempt"] and ',
        becomes="",
        tests=("tests/duties/test_take_over.py",),
    ),
    Mutant(
        defect="two daemons hold one ledger",
        file="scheduler/ledger/lock.py",
        was="fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        becomes="pass",
        tests=("tests/ledger/test_lock.py",),
    ),
    Mutant(
        defect="two calls may have one slot",
        file="scheduler/ledger/schema.py",
        was="CREATE UNIQUE INDEX call_slot",
        becomes="CREATE INDEX call_slot",
        tests=("tests/ledger",),
    ),
    Mutant(
        defect="the stall between intention and send isn't looked at",
        file="scheduler/duties/place.py",
        was="if stalled > self.policy.stall.total_seconds():",
        becomes="if stalled < 0:",
        tests=_PLACING,
    ),
    Mutant(
        defect="a request isn't looked at again once its connection stands",
        file="scheduler/wire.py",
        was="(why := limit.withhold())",
        becomes='(why := "")',
        tests=("tests/callout", "tests/duties/test_withheld.py"),
    ),
    Mutant(
        defect="a pause that comes after the intention keeps nothing from leaving",
        file="scheduler/duties/place.py",
        was='            or (self._paused(call) if stalled > _JUST_LOOKED else "")\n',
        becomes="",
        tests=("tests/duties/test_withheld.py",),
    ),
    Mutant(
        defect="barring is looked at when planning only",
        file="scheduler/duties/place.py",
        was="            barred_by(call.destination, self.barring)\n            or not_owned",
        becomes="            not_owned",
        tests=_PLACING,
    ),
    Mutant(
        defect="a number that is the company's no more is called from",
        file="scheduler/calls/barring.py",
        was="number is not None and number not in barring.owned",
        becomes="False",
        tests=_PLACING,
    ),
    Mutant(
        defect="what was barred after the intention is called",
        file="scheduler/duties/place.py",
        was="or barred_by(call.destination, self.barring)",
        becomes='or ""',
        tests=_PLACING,
    ),
    Mutant(
        defect="calling hours are looked at before the claim only",
        file="scheduler/duties/place.py",
        was="or self.policy.hours.closed(call.origin, call.destination, self._clock.now())",
        becomes='or ""',
        tests=("tests/duties/test_calling_hours.py",),
    ),
    Mutant(
        defect="calls are placed by a clock that is in doubt",
        file="scheduler/duties/place.py",
        was="if doubt := self._doubt():",
        becomes='if doubt := "":',
        tests=("tests/duties/test_guarded_clock.py",),
    ),
    Mutant(
        defect="the time isn't looked at again before the send",
        file="scheduler/calls/timing.py",
        was="if now < call.due_at:",
        becomes="if False:",
        tests=("tests/calls/test_timing.py", *_PLACING),
    ),
    Mutant(
        defect="the deadline isn't looked at before the send",
        file="scheduler/calls/timing.py",
        was="if now > call.deadline_at or ",
        becomes="if ",
        tests=("tests/calls/test_timing.py", *_PLACING),
    ),
    Mutant(
        defect="what wasn't sent is tried past its deadline",
        file="scheduler/calls/timing.py",
        was="if again_at > call.deadline_at:",
        becomes="if False:",
        tests=("tests/calls/test_timing.py", *_PLACING),
    ),
    Mutant(
        defect="a manager's phone has two calls at a time",
        file="scheduler/calls/timing.py",
        was="if origin_held and now < last_try:",
        becomes="if False:",
        tests=("tests/calls/test_timing.py", *_PLACING),
    ),
    Mutant(
        defect="evidence of an attempt that was thought unsent doesn't stop the next one",
        file="scheduler/ledger/settling.py",
        was="        return _stop_what_follows(connection, attempt, now)\n",
        becomes='        return ""\n',
        tests=("tests/ledger/test_life.py", "tests/web"),
    ),
    Mutant(
        defect="an unknown end comes before the record may",
        file="scheduler/calls/policy.py",
        was="return self.longest_call + self.cdr_lag",
        becomes="return self.longest_call",
        tests=("tests/calls", "tests/duties/test_collect.py"),
    ),
    Mutant(
        defect="a change that comes too late is applied",
        file="scheduler/calls/register.py",
        was="return call.state in (State.PLANNED, State.CLAIMED)",
        becomes="return call.state is not State.ENDED",
        tests=_CALENDARS,
    ),
    Mutant(
        defect="what first appears in the past is called",
        file="scheduler/calls/register.py",
        was="return wanted.asked_at < self.now",
        becomes="return False",
        tests=_CALENDARS,
    ),
    Mutant(
        defect="a calendar that was emptied cancels its calls",
        file="scheduler/calls/brake.py",
        was="return lost >= FEWEST and 2 * lost > len(standing.coming) + len(lately)",
        becomes="return False",
        tests=("tests/calls/test_brake.py", "tests/duties/test_brake.py"),
    ),
    Mutant(
        defect="a manager who didn't answer is rung again past the deadline",
        file="scheduler/calls/retry.py",
        was="if again_at > call.deadline_at:",
        becomes="if False:",
        tests=("tests/calls/test_retry.py",),
    ),
    Mutant(
        defect="a customer who didn't answer is rung again as a manager is",
        file="scheduler/calls/retry.py",
        was="retries=retries.destination)",
        becomes="retries=retries.origin)",
        tests=("tests/calls/test_retry.py",),
    ),
    Mutant(
        defect="a call whose manager had answered is made again",
        file="scheduler/calls/retry.py",
        was="frozenset({Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY})",
        becomes="frozenset({Outcome.ORIGIN_NO_ANSWER, Outcome.ORIGIN_BUSY, Outcome.ANSWERED})",
        tests=("tests/calls/test_retry.py", "tests/ledger/test_retries.py"),
    ),
    Mutant(
        defect="a customer rings once more a day than they may",
        file="scheduler/calls/timing.py",
        was="if not most or rings < most:",
        becomes="if not most or rings <= most:",
        tests=_LIMITS,
    ),
    Mutant(
        defect="a ring whose end nobody knows isn't counted",
        file="scheduler/ledger/holds.py",
        was="IN ('', 'accepted', 'perhaps_sent')",
        becomes="IN ('no such answer')",
        tests=_LIMITS,
    ),
    Mutant(
        defect="more calls go on at once than there are lines",
        file="scheduler/duties/limiter.py",
        was="return max(0, min(most, lines - going_on))",
        becomes="return most",
        tests=_LIMITS,
    ),
    Mutant(
        defect="requests leave as fast as they can",
        file="scheduler/duties/limiter.py",
        was="self._pace = self._paces(self._clock.boot_seconds(), count)[-1]",
        becomes="pass",
        tests=_LIMITS,
    ),
    Mutant(
        defect="two managers ring one customer at once",
        file="scheduler/calls/timing.py",
        was="    if destination_held:",
        becomes="    if False:",
        tests=_LIMITS,
    ),
)
