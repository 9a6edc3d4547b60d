"""Moving instances to another version as operators do: the dry run, batches, undo, and what the pages say of it."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from sqlalchemy import select

from app.core import jobs
from app.core.errors import Invalid
from app.core.subject import Subject
from app.processes import queries, service
from app.processes.cockpit import batches, moving
from app.processes.cockpit.models import ProcessBatchItem
from app.tasks import queries as inbox
from app.tasks import service as tasks
from tests.hostile.html import faults_of
from tests.identity.factories import actor_for, make_user, sign_in
from tests.processes.diagrams import chain, end, process, start, user
from tests.processes.test_migrating import message, sound, timer

PAGE = "/processes/definitions/order/migrate"
ATTACK = "<script>alert(1337)</script>\"'><img src=x onerror=alert(1337)>{{7*7}}"


def diagram(first: str, *more: str, flows: str = "", named: str = "") -> bytes:
    """A task, perhaps with more around it."""
    parts = (start(), user(first, name_=named or first.title()), *more, end(), chain("s", first, "e"), flows)
    return process(*parts, key="order", name="Delivery round", before='<message id="m1" name="Stop"/>')


OLD = diagram("check", timer("late", "check", "PT2H", name_="2-hour reminder"), flows=chain("late", "e"))
NEW = diagram("check", message("stop", "check"), flows=chain("stop", "e"))
RENAMED = diagram("review", user("other", name_="Other"), flows=chain("review", "other", "e"))


class World:
    """Two versions, instances on the first, somebody who operates."""

    def __init__(self, actor) -> None:
        self.actor = actor
        self.old = service.deploy(actor, OLD).id
        self.new = service.deploy(actor, NEW).id
        self.renamed = service.deploy(actor, RENAMED).id

    def begin(self, key: str = "C-1"):
        return service.start_definition(self.actor, self.old, business_key=key)

    def version(self, instance) -> int:
        return queries.deployed(queries.get_instance(instance.id).definition_id).version

    def go_on(self, instance) -> None:
        (task,) = inbox.open_tasks_of(Subject("process", instance.id))
        tasks.complete(self.actor, task.id, {}, for_others=True)


@pytest.fixture
def world(client, rules):
    who = make_user(roles=["operator", "manager"])
    sign_in(client, who)
    client.set_cookie("language", "en")
    return World(actor_for(who))


def results(batch) -> list[tuple[str, str]]:
    return [(one.status, one.message.get("en", "")) for one in batches.items_of(batch, 1, failed=False).items]


def marks(page) -> dict:
    return json.loads(unescape(re.search(r'data-marks="([^"]*)"', page.text).group(1)))


# --- the dry run


def test_the_plan_says_where_each_token_goes_and_what_is_watched(world):
    world.begin()
    plan = moving.plan_of(world.old, world.new, {})
    ways = {way.element.id: way for way in plan.ways}
    assert (ways["check"].to.id, ways["check"].tokens, ways["check"].held) == ("check", 1, [])
    assert [way.element.text for way in plan.ended] == ["2-hour reminder"]
    assert [(element.id, count) for element, count in plan.begun] == [("stop", 1)]
    assert plan.marks == {
        "old": {"tokens": {"check": 1}, "failed": {}, "ending": ["late"]},
        "new": {"tokens": {"check": 1}, "coming": ["stop"]},
        "ways": {"check": "check"},
    }


def test_what_is_held_back_comes_first_with_reason_and_instances(world):
    first = world.begin("C-1")
    plan = moving.plan_of(world.old, world.renamed, {})
    (way, _late) = plan.ways
    assert (way.element.id, way.to) == ("check", None)
    (held,) = way.held
    assert (held.tokens, held.some) == (1, [(first.id, "C-1")])
    assert [one.id for one in way.choices] == ["other", "review"]
    mapped = moving.plan_of(world.old, world.renamed, {"check": "review", "x": "y", "late": "nowhere"})
    assert (mapped.preview.ready, mapped.mapping) == (1, {"check": "review"})
    assert mapped.ways[0].chosen == "review"


def test_elements_without_place_where_nothing_waits_can_be_mapped_too(world):
    extra = service.deploy(world.actor, diagram("check", user("later"), flows=chain("check", "later", "e")))
    service.start_definition(world.actor, extra.id)
    plan = moving.plan_of(extra.id, world.new, {"later": "check"})
    assert [(way.element.id, way.to.id, way.tokens) for way in plan.others] == [("later", "check", 0)]


def test_the_page_shows_both_versions_and_changes_with_the_mapping(client, world):
    for number in range(5):
        world.begin(f"C-{number}")
    page = client.get(f"{PAGE}?from=1&to=3")
    assert page.text.count('data-island="diagram"') == 2
    assert "0 of 5 instances can be moved" in page.text
    assert "Nothing can be moved like this" in page.text
    assert len(re.findall(r'<a href="/processes/instances/[^"]+">(C-\d)</a>', page.text)) == 3
    assert "version=1&amp;at=check" in page.text
    part = client.get(f"{PAGE}?from=1&to=3&map.check=review", headers={"HX-Request": "true"})
    assert "<html" not in part.text
    assert 'id="go" hx-swap-oob="true"' in part.text
    assert "5 of 5 instances can be moved" in part.text
    assert "“2-hour reminder” is watched no more." in part.text
    assert marks(part)["ways"] == {"check": "review"}
    for answer in (page, part):
        assert faults_of(answer) == []


def test_without_versions_to_choose_the_left_behind_go_to_the_one_in_force(client, world):
    world.begin()
    page = client.get(PAGE).text
    assert '<option value="1" selected>' in page
    assert re.search(r'name="to">\s*<option value="3" selected>', page)


def test_empty_states(client, world):
    assert "Nothing runs on version 2" in client.get(f"{PAGE}?from=2&to=3").text
    assert "Choose another version than" in client.get(f"{PAGE}?from=2&to=2").text
    service.deploy(world.actor, process(start(), user("x"), end(), chain("s", "x", "e"), key="single"))
    assert "There is only one version" in client.get("/processes/definitions/single/migrate").text
    ended = world.begin()
    service.cancel_instance(world.actor, ended.id, "x")
    assert "It has ended" in client.get(f"{PAGE}?instance={ended.id}").text


def test_what_ends_while_the_mapping_is_chosen_is_said(client, world):
    instance = world.begin()
    service.cancel_instance(world.actor, instance.id, "x")
    for query in (f"instance={instance.id}&to=2", "from=1&to=2", "from=2&to=2"):
        part = client.get(f"{PAGE}?{query}", headers={"HX-Request": "true"})
        assert "There is nothing to move any more" in part.text
        assert "<button" not in part.text


def test_the_page_says_when_not_all_were_tried(client, world, monkeypatch):
    for _more in range(3):
        world.begin()
    monkeypatch.setattr(service.migrating, "MOST", 2)
    page = client.get(f"{PAGE}?from=1&to=2").text
    assert "Tried on the oldest 2 of 3 that run" in page
    assert '<option value="1">only the oldest</option>' in page


# --- batches


def test_a_batch_moves_what_can_go_and_reports_the_rest_untouched(client, world):
    moved, held = world.begin("C-1"), world.begin("C-2")
    other = service.deploy(world.actor, diagram("check", user("sign"), flows=chain("check", "sign", "e"))).id
    service.migrate(world.actor, held.id, other, reason="first")
    world.go_on(held)  # it waits at `sign` too, which the others do not have
    service.migrate(world.actor, moved.id, other, reason="first")
    before = queries.get_instance(held.id)
    state = (before.version, before.events, before.definition_id, bytes(before.state))
    answer = client.post(PAGE, data={"from": "4", "to": "2", "reason": "new rules"})
    assert answer.status_code == 302
    batch = batches.get_batch(answer.headers["Location"].rpartition("/")[2])
    assert (batch.verb, batch.done, batch.failed) == ("migrate", 1, 1)
    after = queries.get_instance(held.id)
    assert (after.version, after.events, after.definition_id, bytes(after.state)) == state
    assert world.version(moved) == 2
    said = {one.status: one.message for one in batches.items_of(batch, 1, failed=True).items}["failed"]
    assert "“sign” the new version has no such element" in said["en"]
    assert "新版本" in said["zh"]
    page = client.get(answer.headers["Location"])
    assert "Version 4 → Version 2" in page.text
    assert faults_of(page) == []
    sound()


def test_what_went_elsewhere_meanwhile_is_left_alone(world, monkeypatch):
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    first, second, third = (world.begin(f"C-{n}") for n in range(3))
    batch = moving.begin(world.actor, world.old, world.new, {}, "x")
    service.migrate(world.actor, first.id, world.renamed, {"check": "review"}, reason="by hand")
    service.cancel_instance(world.actor, second.id, "not wanted")
    while jobs.run_due():
        pass
    assert sorted(status for status, _why in results(batches.get_batch(batch.id))) == ["done", "skipped", "skipped"]
    assert [world.version(one) for one in (first, second, third)] == [3, 1, 2]
    sound()


def test_only_some_are_moved_to_try_it_out(client, world):
    several = [world.begin(f"C-{n}") for n in range(12)]
    answer = client.post(PAGE, data={"from": "1", "to": "3", "map.check": "review", "reason": "try", "count": "10"})
    batch = batches.get_batch(answer.headers["Location"].rpartition("/")[2])
    assert (batch.total, batch.done) == (10, 10)
    assert batch.params["mapping"] == {"check": "review"}
    assert sorted(world.version(one) for one in several) == [1, 1, *[3] * 10]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"from": "1", "to": "2", "reason": ""}, 422),
        ({"from": "1", "to": "2", "reason": "x" * 1001}, 422),
        ({"from": "1", "to": "1", "reason": "x"}, 422),
        ({"from": "2", "to": "3", "reason": "x"}, 422),
        ({"from": "1", "to": "2", "reason": "x\x00"}, 422),
    ],
)
def test_a_move_without_sense_is_refused(client, world, form, status):
    instance = world.begin()
    answer = client.post(PAGE, data=form)
    assert answer.status_code == status
    assert faults_of(answer) == []
    assert batches.latest() == []
    assert world.version(instance) == 1


def test_these_verbs_cannot_be_begun_from_the_list(client, world):
    instance = world.begin()
    for verb in ("migrate", "undo"):
        form = {"verb": verb, "instance": instance.id, "reason": "x", "seen": "x"}
        assert client.post("/processes/batches/check", data=form).status_code == 302
        assert client.post("/processes/batches", data=form).status_code == 302
        with pytest.raises(Invalid):
            batches.begin(world.actor, verb, [instance.id], "x")
    assert batches.latest() == []
    assert 'value="migrate"' not in client.get("/processes/instances").text


# --- one instance, undo


def test_one_instance_is_moved_and_put_back_from_its_page(client, world):
    instance = world.begin("C-1")
    here = f"/processes/instances/{instance.id}"
    assert f"{PAGE}?instance={instance.id}" in client.get(here).text
    page = client.get(f"{PAGE}?instance={instance.id}&to=2")
    assert "It can be moved." in page.text
    seen = re.search(r'name="seen" value="([^"]+)"', page.text).group(1)
    form = {"instance": instance.id, "to": "2", "reason": "new rules", "seen": seen}
    assert client.post(PAGE, data={**form, "seen": "0.0"}).status_code == 409
    assert world.version(instance) == 1
    assert client.post(PAGE, data=form).status_code == 302
    assert world.version(instance) == 2
    tab = client.get(f"{here}?tab=versions").text
    address = re.search(rf'href="({here}/migrations/[^"]+)"', tab).group(1)
    page = client.post(address, data={"reason": "a mistake"})
    assert page.text.index("Goes away") < page.text.index("stop") < page.text.index("2-hour reminder")
    seen = re.search(r'name="seen" value="([^"]+)"', page.text).group(1)
    assert client.post(address, data={"reason": "a mistake", "seen": seen, "confirm": "1"}).status_code == 302
    assert world.version(instance) == 1
    assert "It was undone already." in client.get(f"{here}?tab=versions").text
    assert client.post(address, data={"reason": "x", "seen": seen, "confirm": "1"}).status_code == 409
    history = client.get(f"{here}?tab=history").text
    assert history.count("Moved to another version") == 1
    assert history.count("Put back to the version before") == 1
    assert "<del>1</del> → <ins>2</ins>" in history
    sound()


def test_one_that_is_held_back_says_why_and_stays(client, world):
    instance = world.begin()
    form = {"instance": instance.id, "to": "3", "reason": "x"}
    page = client.get(f"{PAGE}?instance={instance.id}&to=3").text
    assert "It cannot be moved like this." in page
    seen = re.search(r'name="seen" value="([^"]+)"', page).group(1)
    answer = client.post(PAGE, data={**form, "seen": seen})
    assert answer.status_code == 409
    assert "the new version has no such element" in unescape(answer.text)
    assert world.version(instance) == 1


def test_what_has_gone_on_cannot_be_put_back_and_the_page_says_so(client, world):
    instance = world.begin()
    done = service.migrate(world.actor, instance.id, world.new, reason="x")
    service.set_variables(world.actor, instance.id, {"n": 1}, reason="meanwhile")
    here = f"/processes/instances/{instance.id}"
    assert "The process has gone on since." in client.get(f"{here}?tab=versions").text
    assert "The process has gone on since." in client.get(f"{here}/migrations/{done}").text
    world.go_on(instance)
    assert "The process has ended since." in client.get(f"{here}?tab=versions").text
    other = world.begin()
    assert client.get(f"/processes/instances/{other.id}/migrations/{done}").status_code == 404
    assert "Never moved" in client.get(f"/processes/instances/{other.id}?tab=versions").text


def test_a_batch_is_undone_as_far_as_that_is_possible(client, world):
    first, second, third = (world.begin(f"C-{n}") for n in range(3))
    batch = moving.begin(world.actor, world.old, world.new, {}, "x")
    world.go_on(second)
    assert {one for one, _migration in moving.undoable(batches.get_batch(batch.id))} == {first.id, third.id}
    page = client.get(f"/processes/batches/{batch.id}")
    assert "2 of 3 that were moved can be put back" in page.text
    address = f"/processes/batches/{batch.id}/undo"
    assert client.post(address, data={"reason": ""}).headers["Location"].endswith("#undo")
    assert world.version(first) == 2
    answer = client.post(address, data={"reason": "a mistake"})
    undo = batches.get_batch(answer.headers["Location"].rpartition("/")[2])
    assert (undo.verb, undo.total, undo.done, undo.params) == ("undo", 2, 2, {"batch": batch.id})
    assert [world.version(one) for one in (first, second, third)] == [1, 2, 1]
    assert "Nothing can be put back any more" in client.get(f"/processes/batches/{batch.id}").text
    assert "The batch that is undone" in client.get(answer.headers["Location"]).text
    assert client.post(address, data={"reason": "again"}).headers["Location"].endswith("#undo")
    assert len(batches.latest()) == 2
    sound()


def test_what_goes_on_between_is_reported_by_the_undo(world, monkeypatch, tx):
    first, second = (world.begin(f"C-{n}") for n in range(2))
    batch = moving.begin(world.actor, world.old, world.new, {}, "x")
    monkeypatch.setattr(batches, "AT_ONCE", 1)
    undo = moving.begin_undo(world.actor, batch.id, "a mistake")
    service.set_variables(world.actor, first.id, {"n": 1}, reason="meanwhile")
    while jobs.run_due():
        pass
    undo = batches.get_batch(undo.id)
    ((status, why), other) = sorted(results(undo), reverse=True)
    assert (status, other) == ("failed", ("done", ""))
    assert "the process has gone on since" in why
    assert [world.version(one) for one in (first, second)] == [2, 1]
    failed = tx.scalars(select(ProcessBatchItem).where(ProcessBatchItem.status == "failed")).one()
    assert failed.message.keys() == {"en", "zh"}


# --- who, how much, and hostile


def test_who_only_reads_can_move_nothing(client, world):
    instance = world.begin()
    done = service.migrate(world.actor, instance.id, world.new, reason="x")
    batch = moving.begin(world.actor, world.new, world.renamed, {"check": "review"}, "x")
    sign_in(client, make_user(roles=["sales"]))
    for address in (PAGE, f"/processes/instances/{instance.id}/migrations/{done}"):
        assert client.get(address).status_code == 403
        assert client.post(address, data={"from": "1", "to": "2", "reason": "x"}).status_code == 403
    assert client.post(f"/processes/batches/{batch.id}/undo", data={"reason": "x"}).status_code == 403
    assert "/migrate" not in client.get("/processes/order").text
    assert "/migrat" not in client.get(f"/processes/instances/{instance.id}?tab=versions").text
    assert world.version(instance) == 3


@pytest.mark.parametrize(
    ("address", "most"), [(f"{PAGE}?from=1&to=2", 12), (f"{PAGE}?from=1&to=3&map.check=review", 12), (PAGE, 14)]
)
def test_the_number_of_statements_does_not_grow(client, world, statements, address, most):
    world.begin()
    client.get(address)
    statements.clear()
    client.get(address)
    few = len(statements)
    for number in range(30):
        world.begin(f"N-{number}")
    statements.clear()
    client.get(address)
    assert len(statements) <= few
    assert len(statements) <= most, "\n".join(statements)


def test_the_undo_of_a_batch_page_is_one_statement_more(client, world, statements):
    for number in range(20):
        world.begin(f"N-{number}")
    batch = moving.begin(world.actor, world.old, world.new, {}, "x")
    client.get(f"/processes/batches/{batch.id}")
    statements.clear()
    assert "Everything that was moved can be put back" in client.get(f"/processes/batches/{batch.id}").text
    assert len(statements) <= 12, "\n".join(statements)


@pytest.mark.parametrize("language", ["en", "zh_Hans"])
def test_hostile_names_stay_text(client, world, language):
    named = ATTACK.replace("&", "").replace("<", "&lt;").replace('"', "&quot;")
    old = service.deploy(world.actor, diagram("check", named=named + "1")).id
    service.deploy(world.actor, diagram("review", user("more", name_=named), flows=chain("review", "more", "e")))
    instance = service.start_definition(world.actor, old, business_key=ATTACK[:60])
    client.set_cookie("language", language)
    for query in ("from=4&to=5", "from=4&to=5&map.check=more", f"instance={instance.id}&to=5"):
        answer = client.get(f"{PAGE}?{query}")
        assert answer.status_code == 200
        assert faults_of(answer) == []
    service.migrate(world.actor, instance.id, world.new, reason=ATTACK)
    for tab in ("versions", "history"):
        assert faults_of(client.get(f"/processes/instances/{instance.id}?tab={tab}")) == []


@pytest.mark.parametrize(
    "query",
    [
        *(
            "from=%C2%B2&to=1e9",
            "from=-1&to=99999999999",
            "map.=x&map.check=",
            "map.check=check",
            f"map.check={ATTACK}",
        ),
        *("&".join(f"map.x{n}=y" for n in range(2000)), "from=1&to=2&map.check=s", "from=1&to=2&map.late=check"),
    ],
)
def test_nonsense_in_the_address_is_passed_over(client, world, query):
    world.begin()
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code == 200
    assert faults_of(answer) == []


@pytest.mark.parametrize("address", [f"{PAGE}?instance=x", "/processes/definitions/nothing/migrate"])
def test_what_is_not_there_is_not_found(client, world, address):
    other = service.deploy(world.actor, process(start(), user("x"), end(), chain("s", "x", "e"), key="single")).id
    elsewhere = service.start_definition(world.actor, other)
    assert client.get(address).status_code == 404
    assert client.get(f"{PAGE}?instance={elsewhere.id}").status_code == 404


def test_a_mapping_to_what_cannot_be_holds_back(client, world):
    world.begin()
    page = client.get(f"{PAGE}?from=1&to=2&map.check=s").text
    assert "is another kind of element" in page
