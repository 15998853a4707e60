"""A logical clock in the place of the machine's, for libraries that read one.

It stands at `begin`, and a millisecond later for each tool call of the episode. Installed before anything else is imported, so that
`from datetime import datetime` finds it, too.
"""

import datetime as _datetime
import time as _time

Real = _datetime.datetime

begin = Real(2026, 1, 1)
"""When an episode begins (UTC, without a zone). Set it at the top of environment.py: `clock.begin = datetime(2026, 3, 23)`."""

now_ms = 0


def now() -> Real:
    return begin + _datetime.timedelta(milliseconds=now_ms)


def seconds() -> float:
    return (now() - Real(1970, 1, 1)).total_seconds()


class _Kind(type):
    """What the real class made is an instance, too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Real) if cls is DateTime else super().__instancecheck__(value)


class DateTime(Real, metaclass=_Kind):
    @classmethod
    def now(cls, tz=None):
        here = now()
        at = cls(here.year, here.month, here.day, here.hour, here.minute, here.second, here.microsecond)
        return at if tz is None else at.replace(tzinfo=_datetime.timezone.utc).astimezone(tz)

    @classmethod
    def today(cls):
        return cls.now()

    @classmethod
    def utcnow(cls):
        return cls.now()


class Date(_datetime.date):
    @classmethod
    def today(cls):
        return cls(*now().timetuple()[:3])


def install() -> None:
    """Puts the logical clock into `datetime` and `time`."""
    DateTime.__name__ = DateTime.__qualname__ = "datetime"
    Date.__name__ = Date.__qualname__ = "date"
    DateTime.__module__ = Date.__module__ = "datetime"
    _datetime.datetime, _datetime.date = DateTime, Date
    for name in ("time", "monotonic", "perf_counter", "process_time"):
        setattr(_time, name, seconds)
        setattr(_time, f"{name}_ns", lambda: int(seconds() * 1000) * 1_000_000)
    _time.sleep = lambda _seconds: None
    utc, strftime = _time.gmtime, _time.strftime
    _time.gmtime = _time.localtime = lambda secs=None: utc(seconds() if secs is None else secs)
    _time.strftime = lambda form, at=None: strftime(form, _time.gmtime() if at is None else at)
