import pytest

from app.audit.queries import entries_of
from app.core.errors import Invalid
from app.core.permissions import SYSTEM, NotPermitted
from app.core.subject import Subject
from app.identity import queries, service
from app.identity.service import passwords
from tests.identity.factories import PASSWORD, actor_for, make_user

GOOD = "long enough 1"


def create(**over):
    given = {"login": "Wang.Li", "name": "王丽", "password": GOOD, "roles": ["sales", "planner"]}
    return service.create_user(SYSTEM, **{**given, **over})


def test_a_user_is_found_by_login_in_any_case_and_by_role(tx):
    user = create()
    assert queries.find_by_login(" WANG.li ") is user
    assert user.login == "wang.li"
    assert queries.users_with_role("planner") == [user]
    assert queries.users_with_role("plan_er") == []
    assert queries.names_of([user.id, "nobody", ""]) == {user.id: "王丽"}
    assert passwords.is_right(GOOD, user.password_hash)
    assert [entry.action for entry in entries_of(Subject("user", user.id))] == ["user:create"]


def test_every_wrong_field_is_named(tx):
    with pytest.raises(Invalid) as refused:
        create(login="王", name=" ", roles=["boss"], email="nobody", locale="fr")
    assert set(refused.value.details["fields"]) == {"login", "name", "roles", "email", "locale"}
    with pytest.raises(Invalid) as refused:
        create(roles=[])
    assert set(refused.value.details["fields"]) == {"roles"}


@pytest.mark.parametrize("password", ["short", "wang.li123", "aaaaaaaaaaaa", "x" * 129])
def test_weak_passwords_are_refused(tx, password):
    with pytest.raises(Invalid) as refused:
        create(password=password)
    assert set(refused.value.details["fields"]) == {"password"}


def test_a_login_is_taken_once(tx):
    create()
    with pytest.raises(service.LoginTaken):
        create(login="WANG.LI")


def test_only_administrators_create_users(tx):
    with pytest.raises(NotPermitted):
        service.create_user(
            actor_for(make_user(roles=["manager"])), login="x1", name="X", password=GOOD, roles=["sales"]
        )


def test_the_last_administrator_stays(tx):
    admin = make_user("boss", roles=["admin"])
    actor = actor_for(admin)
    same = {"name": "Boss", "email": None, "locale": None}
    with pytest.raises(service.LastAdministrator):
        service.change_user(actor, admin, roles=["admin"], active=False, **same)
    with pytest.raises(service.LastAdministrator):
        service.change_user(actor, admin, roles=["sales"], active=True, **same)
    make_user("second", roles=["admin"])
    service.change_user(actor, admin, roles=["sales"], active=True, **same)
    assert admin.roles == ["sales"]
    change = entries_of(Subject("user", admin.id))[-1]
    assert change.details["now"] == {"roles": ["sales"]}
    assert change.details["was"] == {"roles": ["admin"]}


def test_a_reset_password_must_be_changed(tx):
    user = make_user()
    new = service.reset_password(SYSTEM, user)
    assert user.must_change_password
    assert passwords.is_right(new, user.password_hash)
    service.change_password(actor_for(user), user, old=new, new=GOOD)
    assert not user.must_change_password


def test_the_old_password_is_needed_for_a_new_one(tx):
    user = make_user()
    with pytest.raises(Invalid):
        service.change_password(actor_for(user), user, old="guess", new=GOOD)
    with pytest.raises(Invalid):
        service.change_password(actor_for(user), user, old=PASSWORD, new=PASSWORD)
