"""`python -m tests.partners`: five partners drive orders from entry to proof of delivery; exit status 1 when anything
was lost, doubled or let through."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.partners import day as days
from tests.partners.faults import NONE, Rates
from tests.partners.house import command_line, environment, served
from tests.partners.reckoning import Reckoning


def main() -> int:
    """Read the wishes, run the day, print the table."""
    wishes = argparse.ArgumentParser(prog="python -m tests.partners", description=__doc__)
    wishes.add_argument("--orders", type=int, default=50)
    wishes.add_argument("--seed", type=int, default=1)
    wishes.add_argument("--seconds", type=float, default=900, help="longest time to wait for the last delivery")
    wishes.add_argument("--no-faults", action="store_true")
    wishes.add_argument(
        "--url",
        help="a running server (HOOK_ALLOW=127.0.0.0/8, filled by tests.partners.house) instead of one of our own; "
        "DATA or DATABASE_URL must be those of that server, for `flask users add`",
    )
    wishes.add_argument("--token", default="", help="of an administrator there; without it one is made")
    given = wishes.parse_args()
    with contextlib.ExitStack() as stack:
        if given.url:
            place, url = dict(os.environ), given.url
        else:
            place = environment(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partners-"))))
            url = stack.enter_context(served(place))
            print(f"A fresh server at {url}", flush=True)
        return run(url, command_line(place), given)


def run(url: str, flask: Callable[..., str], given: Any) -> int:
    """The day itself."""
    began = time.monotonic()
    rates = NONE if given.no_faults else Rates()
    wishes = {"seed": given.seed, "orders": given.orders, "rates": rates, "token": given.token}
    day = days.begin(url, flask, at_once=4, **wishes)
    in_time = days.last_until_quiet(day, given.seconds, lambda text: print(f"  {text}", flush=True))

    def books() -> list[str]:
        try:
            flask("stock", "verify")
        except RuntimeError as error:
            return [str(error)]
        return []

    made = days.end(day, books)
    if not in_time:
        made.wrong.append(f"not quiet after {given.seconds:.0f} s")
    show(day, made, time.monotonic() - began)
    return 1 if made.wrong else 0


def show(day: days.Day, made: Reckoning, seconds: float) -> None:
    """The table."""
    faults = sum((partner.faults.made for partner in day.partners.values()), start=type(made.lies)())
    rows = {
        "orders sent": made.orders,
        "delivered, each with one proof": made.delivered,
        "cancelled by the customer / too late for it": f"{len(made.refused)} / {made.too_late}",
        "units ordered / handed over in the ledger": f"{made.units_ordered} / {made.units_delivered}",
        "messages sent": made.messages,
        "events heard": sum(partner.door.heard for partner in day.partners.values()),
        "faults made": ", ".join(f"{count} {name}" for name, count in sorted(faults.items())),
        "duplicates absorbed (ours / theirs)": (
            f"{sum(one.told.duplicates for one in day.partners.values())} / "
            f"{sum(one.door.again for one in day.partners.values())}"
        ),
        "lies refused": sum(made.lies.values()),
        "retries, both ways": made.retries,
        "units missing in their bins": getattr(day.partners["wms"], "missing", 0),
        "signatures of people": getattr(day.partners["mes"], "signed", 0),
        "seconds": f"{seconds:.0f}",
    }
    print()
    for name, value in rows.items():
        print(f"  {name:<44} {value}")
    for what, count in sorted(made.lies.items()):
        print(f"      lie  {count:>4}  {what}")
    for fault in made.wrong[:40]:
        print(f"  WRONG  {fault}")
    print(f"\n  {'Nothing lost, nothing doubled.' if not made.wrong else f'{len(made.wrong)} WRONG'}")


if __name__ == "__main__":
    sys.exit(main())
