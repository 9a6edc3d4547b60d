"""Partners set themselves up as others would: accounts by the command line, sources, mappings, subscriptions by REST."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from tests.partners.mes import Mes, Signer
from tests.partners.partner import Partner
from tests.partners.wire import Youxu

CommandLine = Callable[..., str]
KEEPER = ("admin", "auditor", "integration", "warehouse")
"""Roles of who sets up, and looks at the books at the end."""
SIGNERS = {"review": ("qa_ra",), "decide": ("quality_head",)}


class Accounts:
    """Makes accounts with tokens; logins bear a tail of their own, so that a server may be used again."""

    def __init__(self, url: str, flask: CommandLine) -> None:
        self.url, self.flask, self.tail = url, flask, secrets.token_hex(3)

    def make(self, name: str, roles: Sequence[str]) -> tuple[str, str, str]:
        """Login, password, token."""
        login, password = f"{name}-{self.tail}", secrets.token_urlsafe(18)
        given = [word for role in roles for word in ("--role", role)]
        self.flask("users", "add", login, "--name", name.upper(), *given, "--password-stdin", given=f"{password}\n")
        return login, password, self.flask("tokens", "create", login).splitlines()[-1]

    def signer(self, element: str) -> Signer:
        """Somebody of quality who signs that task."""
        login, password, token = self.make(f"qc-{element}", SIGNERS[element])
        return Signer(login, password, Youxu(self.url, token))


def connect(accounts: Accounts, keeper: Youxu, partners: Sequence[Partner]) -> dict[str, str]:
    """Each partner gets an account, a source with its mapping, a subscription; answers ids of the sources, by name."""
    found = {}
    for partner in partners:
        code = f"{partner.name}-{accounts.tail}"
        login, _password, token = accounts.make(partner.name, partner.roles)
        about = {"code": code, "name": partner.name.upper(), "auth": "signature", "format": "cloudevents"}
        source = keeper.ask("POST", "/hook-sources", {**about, "acts_as": login, "wait_hours": 24, "rate": 1000})
        keeper.ask("PUT", f"/hook-sources/{source['id']}/mapping", {"version": 0, "rules": list(partner.rules)})
        wish = {"name": code, "url": partner.door.url, "types": sorted(partner.hears), "filter": partner.filter}
        subscription = keeper.ask("POST", "/subscriptions", wish)
        if isinstance(partner, Mes):
            partner.signers = {element: accounts.signer(element) for element in SIGNERS}
        partner.begin(accounts.url, token, code, source["secret"], subscription["secret"])
        found[partner.name] = source["id"]
        found[f"{partner.name} hears"] = subscription["id"]
    return found
