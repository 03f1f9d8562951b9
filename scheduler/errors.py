"""Every error that this package raises, in one tree.

A class for each thing that a caller does differently; the facts stand in fields, and the sentence names the
thing and the remedy.

    CallSchedulerError
    ├── ConfigError          the configuration can't be used; carries every problem at once
    ├── NumberError          a text that isn't one number we could call
    ├── DatabaseError        ledger or gateway database
    │   ├── DatabaseBusy         somebody else holds it
    │   ├── DatabaseUnusable     can't be written: full, read-only, no permission
    │   ├── DatabaseCorrupt      SQLite says that the file is damaged
    │   └── DatabaseTooNew       written by a newer version of this program
    ├── SourceError          a calendar or a contacts source couldn't be fetched or read
    │   ├── SourceUnreachable    no answer, or a server error: worth trying again
    │   ├── SourceForbidden      credentials refused: trying again soon may lock the account
    │   ├── SourceReadOnly       it can be read, and not written
    │   └── SourceUnreadable     an answer that isn't what was asked for
    ├── HttpError            floor 3's own: a request that got no usable answer
    │   ├── NotSent              the request certainly never reached the server
    │   │   └── Withheld             since we held it back in the last moment
    │   ├── PerhapsSent          it may have
    │   └── BodyTooLarge         the answer is longer than it may be
    ├── RequestRefused       our gateway refuses a client's request, with a status and a sentence
    ├── ProviderError        the Voice Call-out API refused or failed a read (a token, the CDRs)
    │   └── CredentialsRefused   the client id or secret is wrong
    ├── DeliveryFailed       a mail or a webhook's message that couldn't be handed over: tried again later
    ├── DecisionRefused      a person's decision that the rules of a call's life don't allow
    └── DemoFailed           one of the demo's parts ended, or didn't do its part in time
"""

from __future__ import annotations

from dataclasses import dataclass


class CallSchedulerError(Exception):
    """The root; catch it where any fault of ours is handled alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong in a file somebody wrote: where it stands, what it is, what to do."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.remedy})" if self.remedy else "")


class ConfigError(CallSchedulerError):
    """The configuration can't be used; ``problems`` holds everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class NumberError(CallSchedulerError):
    """A text that isn't one number that may be dialled; ``reason`` says why in a few words."""

    def __init__(self, text: str, reason: str) -> None:
        self.text = text
        self.reason = reason
        super().__init__(f"{text!r}: {reason}")


class DatabaseError(CallSchedulerError):
    """A database file and what SQLite said of it."""


class DatabaseBusy(DatabaseError):
    """Another process or connection holds the database."""


class DatabaseUnusable(DatabaseError):
    """The file can't be opened or written: disk full, read-only, or no permission."""


class DatabaseCorrupt(DatabaseError):
    """The file is damaged; restore a backup."""


class DatabaseTooNew(DatabaseError):
    """A newer version of this program has migrated the file."""


class SourceError(CallSchedulerError):
    """A source that couldn't be fetched or read; ``source`` names it, ``remedy`` says what to do."""

    def __init__(self, source: str, reason: str, *, remedy: str = "") -> None:
        self.source = source
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{source}: {reason}" + (f" ({remedy})" if remedy else ""))


class SourceUnreachable(SourceError):
    """No answer, or a server's own failure: trying again later may help."""


class SourceForbidden(SourceError):
    """The credentials were refused: trying again soon may lock the account."""


class SourceReadOnly(SourceError):
    """It can be read, but this user may not write it, or not without losing what others write."""


class SourceUnreadable(SourceError):
    """The answer isn't what was asked for: HTML, truncated, empty; never taken for a deletion."""


class HttpError(CallSchedulerError):
    """A request that got no usable answer."""


class NotSent(HttpError):
    """The request certainly never reached the server: it may be made again."""


class Withheld(NotSent):
    """Whoever asked for the request held it back when its connection stood; the sentence says why."""


class PerhapsSent(HttpError):
    """The request may have reached the server: what mustn't happen twice isn't sent again."""


class BodyTooLarge(HttpError):
    """The answer, decompressed, is longer than whoever asked allows."""


class ProviderError(CallSchedulerError):
    """The Voice Call-out API refused or failed a read; ``status`` is 0 where there was no answer."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class CredentialsRefused(ProviderError):
    """The provider doesn't know this client id and secret."""


class DeliveryFailed(CallSchedulerError):
    """A mail server or a webhook didn't take what it was given; the sentence holds no address and no secret."""


class DecisionRefused(CallSchedulerError):
    """The rules of a call's life don't allow what a person decided about it; the sentence says why."""


class DemoFailed(CallSchedulerError):
    """One of the demo's parts ended, or didn't do its part in time; the logs say why."""


class RequestRefused(CallSchedulerError):
    """The gateway refuses a request; ``message`` names the fault in a few words, ``code`` is its number.

    ``description`` names the field and the remedy, without repeating a phone number.
    """

    def __init__(
        self, *, status: int, message: str, description: str, code: int = 0, retry_after: int | None = None
    ) -> None:
        self.status = status
        self.message = message
        self.description = description
        self.code = code or status
        self.retry_after = retry_after
        super().__init__(f"{status} {message}: {description}")
