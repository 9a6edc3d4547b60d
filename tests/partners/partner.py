"""What every partner is: a queue of its own, a door that hears Youxu, and the faults it makes when it speaks."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from tests.partners.faults import Faults, Rates, lie_about
from tests.partners.wire import Door, Youxu

FORGED = "whsec_" + "A" * 44


@dataclass(frozen=True)
class Message:
    """Something that is said once; `lies`: what may be wrong with a copy of it, see `faults.lie_about`."""

    id: str
    type: str
    key: str
    data: dict[str, Any]
    lies: dict[str, str]

    def event(self) -> dict[str, Any]:
        """As a CloudEvent; the key keeps those about one thing in order."""
        about = {"specversion": "1.0", "id": self.id, "source": "urn:partner", "subject": self.key}
        return {**about, "type": self.type, "data": self.data}


@dataclass
class Told:
    """What was said, and what came back at once. By id: the address that says what became of it."""

    truths: dict[str, str] = field(default_factory=dict)
    lies: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    """By id of a lie: what is wrong with it."""
    at_the_door: Counter[str] = field(default_factory=Counter)
    """Lies refused before they were taken in, by reason."""
    messages: int = 0
    duplicates: int = 0
    """Sent twice and absorbed."""


class Partner:
    """One other system. Subclasses say what it hears (event type → method), who it is, and how Youxu is to read it."""

    name: ClassVar[str]
    roles: ClassVar[tuple[str, ...]]
    hears: ClassVar[Mapping[str, str]]
    filter: ClassVar[str] = ""
    may_repeat: ClassVar[tuple[str, ...]] = ("task.done",)
    """Types of messages that Youxu knows again also under another id."""
    rules: ClassVar[tuple[dict[str, Any], ...]]

    def __init__(self, seed: int, rates: Rates) -> None:
        self.faults, self.told, self.crashes = Faults(f"{seed} {self.name}", rates), Told(), list[str]()
        self.youxu = Youxu("")
        self.source = self.secret = ""
        self._numbers, self._order = itertools.count(1), itertools.count()
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._held: Message | None = None
        self._turning_away = 0
        self._working = False
        self._ended = False
        self._changed = threading.Condition()
        self.door = Door(self._hear, self._is_busy)
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)

    def begin(self, url: str, token: str, source: str, secret: str, hears_by: str) -> None:
        """Set up: where Youxu is, who we are there, the secrets of both ways."""
        self.youxu, self.source = Youxu(url, token), source
        self.secret, self.door.secret = secret, hears_by
        self._thread.start()

    def end(self) -> None:
        """Say and hear nothing more."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self.door.close()

    @property
    def idle(self) -> bool:
        """Nothing is left to be done."""
        with self._changed:
            return not self._queue and not self._working and self._held is None

    def say(self, kind: str, key: str, data: dict[str, Any], lies: dict[str, str]) -> str:
        """Tell Youxu, with the faults that the die asks for; the message's id."""
        message = Message(f"{self.name}-{next(self._numbers)}", kind, key, data, lies)
        if lies and self.faults.happens("lie"):
            self._lie(message)
        delay = self.faults.delay() if self.faults.happens("late") else 0.0
        if self._held is None and self.faults.happens("reorder"):
            self._held = message
            self.later(self.faults.rates.longest_delay, self._let_go)
            return message.id
        self._truth(message, delay)
        self._let_go()
        if kind in self.may_repeat and self.faults.happens("repeat"):
            repeat = replace(message, id=f"{message.id}-again")
            self.later(delay + self.faults.delay(), lambda: self._send(repeat))
        return message.id

    def after(self, message_id: str, act: Callable[[], None]) -> None:
        """Do it once the message has been carried out, or refused."""
        address = self.told.truths.get(message_id)
        if address is not None and self.youxu.look(address)["status"] in ("done", "failed"):
            act()
        else:
            self.later(0.2, lambda: self.after(message_id, act))

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self._truth(held, 0.05)

    def _truth(self, message: Message, delay: float) -> None:
        self.later(delay, lambda: self._send(message))
        if self.faults.happens("duplicate"):
            self.later(delay + self.faults.delay(), lambda: self._send(message))

    def _lie(self, message: Message) -> None:
        how = self.faults.die.random()
        what, data = lie_about(message.data, message.lies, self.faults.die)
        if how < 0.1:
            forged = Message(f"{message.id}-forged", message.type, message.key, message.data, {})
            self.later(0, lambda: self._send_wrong(forged, FORGED, "forged signature"))
        elif how < 0.2:
            clash = Message(message.id, message.type, message.key, data, {})
            self.later(
                self.faults.rates.longest_delay * 3, lambda: self._send_wrong(clash, self.secret, "id used again")
            )
        else:
            lie = Message(f"{message.id}-lie", message.type, message.key, data, {})
            self.told.wrong[lie.id] = f"{message.type}: {what}"
            self.later(0, lambda: self._send(lie))

    def _send(self, message: Message) -> None:
        answer = self.youxu.tell(self.source, self.secret, message.event())
        self.told.messages += 1
        if answer.status_code != 202:
            raise RuntimeError(f"{message.id} {message.type}: {answer.status_code} {answer.text[:300]}")
        said = answer.json()
        self.told.duplicates += said["status"] == "duplicate"
        told = self.told.lies if message.id in self.told.wrong else self.told.truths
        told[message.id] = said["status_url"]

    def _send_wrong(self, message: Message, secret: str, what: str) -> None:
        answer = self.youxu.tell(self.source, secret, message.event())
        self.told.messages += 1
        if answer.status_code not in (401, 409):
            raise RuntimeError(f"{what} was answered {answer.status_code}")
        self.told.at_the_door[what] += 1

    def _hear(self, event: dict[str, Any]) -> bool:
        """In a thread of the door: put it into the queue, maybe late; maybe be down afterwards."""
        react = getattr(self, self.hears[event["type"]])
        self.later(self.faults.delay() if self.faults.happens("late") else 0.0, lambda: react(event, event["data"]))
        if self.faults.happens("down"):
            if self.faults.die.random() < 0.5:
                self._turning_away = self.faults.die.randint(1, 3)
            else:
                self.door.shut_for(self.faults.delay())
        return not self.faults.happens("unsaid")

    def _is_busy(self) -> int:
        away, self._turning_away = self._turning_away, max(0, self._turning_away - 1)
        return away

    def later(self, delay: float, act: Callable[[], object]) -> None:
        """Do it in so many seconds, in the partner's own thread."""
        with self._changed:
            heapq.heappush(self._queue, (time.monotonic() + delay, next(self._order), act))
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._ended and (not self._queue or self._queue[0][0] > time.monotonic()):
                    wait = self._queue[0][0] - time.monotonic() if self._queue else None
                    self._changed.wait(wait if wait is None else max(0.0, wait))
                if self._ended:
                    return
                act = heapq.heappop(self._queue)[2]
                self._working = True
            try:
                act()
            except Exception:
                self.crashes.append(traceback.format_exc(limit=4))
            finally:
                self._working = False


def answers_of(*names: str) -> dict[str, str]:
    """Variables of `task.complete`: those of these fields of a form that are in the payload."""
    return {name: f"data.answers.{name}" for name in names}


def task_rule(*names: str) -> dict[str, Any]:
    """Reads `task.done`."""
    fields = {name: f"data.{name}" for name in ("task", "kind", "number", "element", "seen_version")}
    return {
        "when": "event.type == 'task.done'",
        "action": "task.complete",
        "fields": fields,
        "variables": answers_of(*names),
    }


TASK_LIES = {"number": "type", "answers.outcome": "type"}
