"""What is sealed opens for its key and purpose only."""

import pytest

from app.core import sealing

pytestmark = pytest.mark.any_database


def test_it_opens_for_its_key_and_purpose_only(app):
    sealed = sealing.seal("a", b"secret")
    assert sealing.unseal("a", sealed) == b"secret"
    assert sealing.seal("a", b"secret") != sealed
    assert b"secret" not in sealed.encode()
    for purpose, text in (("b", sealed), ("a", sealed[:-4] + "AAA="), ("a", "1:"), ("a", "no base64!")):
        with pytest.raises(sealing.CannotOpen):
            sealing.unseal(purpose, text)
    try:
        sealing.use_key("another" * 8)
        with pytest.raises(sealing.CannotOpen):
            sealing.unseal("a", sealed)
    finally:
        sealing.use_key(app.config["SECRET_KEY"])
    assert sealing.unseal("a", sealed) == b"secret"
    assert sealing.mark("a", b"x") != sealing.mark("b", b"x")
