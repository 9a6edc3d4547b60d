"""Partners set themselves up as others would: accounts by the command line, sources, mappings, subscriptions by REST."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.partners.mes import Mes, Signer
from tests.partners.partner import Partner
from tests.partners.wire import Youxu

CommandLine = Callable[..., str]
KEEPER = ("admin", "auditor", "integration", "warehouse")
"""Roles of who sets up, and looks at the books at the end."""
SIGNERS = {"review": ("qa_ra",), "decide": ("quality_head",)}


class Accounts:
    """Makes accounts with tokens; logins bear a tail of their own, so that a server may be used again. `at_once`: how
    many commands may run at a time."""

    def __init__(self, url: str, flask: CommandLine, at_once: int = 1) -> None:
        self.url, self.flask, self.tail, self.at_once = url, flask, secrets.token_hex(3), at_once

    def all(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, str, str]]:
        """Login, password, token of each, by name; `wanted` has their roles."""
        with ThreadPoolExecutor(self.at_once) as pool:
            return dict(zip(wanted, pool.map(lambda name: self.make(name, wanted[name]), wanted), strict=True))

    def make(self, name: str, roles: Sequence[str]) -> tuple[str, str, str]:
        """Login, password, token."""
        login, password = f"{name}-{self.tail}", secrets.token_urlsafe(18)
        given = [word for role in roles for word in ("--role", role)]
        words = ("users", "add", login, "--name", name.upper(), *given, "--password-stdin", "--token")
        return login, password, self.flask(*words, given=f"{password}\n").splitlines()[-1]


def connect(accounts: Accounts, keeper: Youxu, partners: Sequence[Partner]) -> dict[str, str]:
    """Each partner gets an account, a source with its mapping, a subscription; answers ids of the sources, by name."""
    found = {}
    made = accounts.all({**{one.name: one.roles for one in partners}, **SIGNERS})
    signers = {name: Signer(made[name][0], made[name][1], Youxu(accounts.url, made[name][2])) for name in SIGNERS}
    for partner in partners:
        code = f"{partner.name}-{accounts.tail}"
        login, _password, token = made[partner.name]
        about = {"code": code, "name": partner.name.upper(), "auth": "signature", "format": "cloudevents"}
        source = keeper.ask("POST", "/hook-sources", {**about, "acts_as": login, "wait_hours": 24, "rate": 1000})
        keeper.ask("PUT", f"/hook-sources/{source['id']}/mapping", {"version": 0, "rules": list(partner.rules)})
        wish = {"name": code, "url": partner.door.url, "types": sorted(partner.hears), "filter": partner.filter}
        subscription = keeper.ask("POST", "/subscriptions", wish)
        if isinstance(partner, Mes):
            partner.signers = signers
        partner.begin(accounts.url, token, code, source["secret"], subscription["secret"])
        found[partner.name] = source["id"]
        found[f"{partner.name} hears"] = subscription["id"]
    return found
