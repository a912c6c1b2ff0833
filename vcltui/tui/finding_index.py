"""Which findings are about a computer, a domain or a host: looked up, since rows are many."""

from __future__ import annotations

from vcltui.doctor.findings import Diagnosis, Finding, Severity
from vcltui.runtime.actions import Subject

_Place = tuple[str, str]


class FindingIndex:
    """The findings of one diagnosis by what they are about; made anew for another diagnosis."""

    def __init__(self) -> None:
        self._diagnosis: Diagnosis | None = None
        self._of: dict[_Place, tuple[Finding, ...]] = {}

    def learn(self, diagnosis: Diagnosis | None) -> FindingIndex:
        """Take over a diagnosis; returns itself."""
        if diagnosis is self._diagnosis:
            return self
        self._diagnosis, self._of = diagnosis, {}
        for one in diagnosis.findings if diagnosis is not None else ():
            for place in {("computer", one.computer), ("domain", one.target.uuid)}:
                if place[1] is not None:
                    key = place[0], place[1]
                    self._of[key] = (*self._of.get(key, ()), one)
        return self

    def about(self, host: str, computer: str | None, uuid: str | None) -> tuple[Finding, ...]:
        """What was found about a computer, and about the very domain, on a host, the worst first.

        What names another domain is not about this one.
        """
        named = self._of.get(("computer", computer or ""), ())
        if not named and ("domain", uuid) not in self._of:
            return ()
        found = [one for one in named if uuid is None or one.target.uuid in (None, uuid)]
        found += [one for one in self._of.get(("domain", uuid or ""), ()) if one not in found]
        here = [one for one in found if one.host in (None, host)]
        return tuple(sorted(here, key=lambda one: -one.severity.rank))

    def worst(self, host: str, computer: str | None, uuid: str | None) -> Severity | None:
        """How bad the worst of it is, where it is more than INFO."""
        found = self.about(host, computer, uuid)
        grave = found and found[0].severity is not Severity.INFO
        return found[0].severity if grave else None

    def of(self, subject: Subject) -> tuple[Finding, ...]:
        """What was found about what actions are done to; of a host, its drift."""
        if subject.computer is not None or subject.domain is not None:
            return self.about(subject.host, subject.computer, subject.uuid)
        return self._diagnosis.drift(subject.host) if self._diagnosis is not None else ()
