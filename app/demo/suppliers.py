"""Who supplies the demo goods, and two stories of the qualification to click through: a maker of implants whose scans
wait to be verified, and a new product whose certificate lacks its scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.catalog import service as catalog
from app.catalog.models import Product, Supplier
from app.core.permissions import Actor
from app.core.subject import Subject
from app.demo.master import World, credit_code, from_to, gtin
from app.fulfilment import deciding
from app.qualification import scanning, watching
from app.qualification import service as qualification
from app.qualification.queries import file_of
from app.tasks.queries import open_tasks_of


@dataclass(frozen=True)
class House:
    """A supplier: name, kind, its licences, how long these last, which classes and categories it supplies."""

    zh: str
    en: str
    kind: str
    papers: Sequence[str]
    days: int = 800
    classes: tuple[int, ...] = ()
    categories: tuple[str, ...] = ()


MAKER, DEALER = ("business", "production", "agent"), ("business", "trade", "agent")
HOUSES = (
    House("序和医疗科技", "Xuhe Medical Technology", "manufacturer", MAKER, categories=("03", "10", "12", "13", "16")),
    House("澄江生物材料", "Chengjiang Biomaterials", "manufacturer", MAKER, categories=("14",)),
    House("沐川诊断试剂", "Muchuan Diagnostics", "manufacturer", MAKER, categories=("40",)),
    House("岚桥医疗器械", "Lanqiao Devices", "distributor", DEALER, days=80, classes=(2,)),
    House("冰川冷链物流", "Bingchuan Cold Chain", "carrier", ("business", "transport")),
)


def build(actor: Actor, world: World) -> None:
    """Suppliers that were qualified before Youxu, with their licences and what they supply."""
    for number, house in enumerate(HOUSES, 1):
        goods = [one for one in world.products if _supplies(house, one)]
        made = _supplier(actor, number, house, "active", goods)
        _license(actor, made, house, number)


def _supplies(house: House, product: Product) -> bool:
    return product.risk_class in house.classes or product.category_code in house.categories


def _supplier(actor: Actor, number: int, house: House, status: str, goods: Sequence[Product]) -> Supplier:
    return catalog.create_supplier(
        actor,
        {
            "code": f"V-{number:04d}",
            "name": f"{house.zh}有限公司（演示）",
            "name_en": f"{house.en} Co., Ltd. (demo)",
            "uscc": credit_code(800 + number),
            "kind": house.kind,
            "product_ids": [one.id for one in goods],
            "contacts": [
                {"name": "订单联系人", "purpose": "order", "phone": f"000-0000{number:04d}"},
                {"name": "召回联系人", "purpose": "recall", "phone": f"000-1111{number:04d}"},
            ],
            "status": status,
        },
    )


def _license(actor: Actor, supplier: Supplier, house: House, number: int) -> None:
    for place, kind in enumerate(house.papers):
        days = house.days if kind in ("trade", "agent") else 900
        given = {"supplier_id": supplier.id, "kind": kind, "number": f"演示供{number:02d}{place:02d}"}
        catalog.create_licence(actor, given | from_to(600, days - 10 * place))


def tell(team: dict[str, Actor], world: World) -> None:
    """What the days bring: warnings, re-approvals and lapses; then the two stories, as far as they have come."""
    watching.watch()
    _maker_of_implants(team)
    _new_product(team, world)


def _maker_of_implants(team: dict[str, Actor]) -> None:
    """Purchasing filed everything and agrees; quality has one scan verified and two to go."""
    house = House("明川植入器械", "Mingchuan Implants", "manufacturer", MAKER)
    made = _supplier(team["purchasing"], 9, house, "prospect", [])
    _license(team["qa"], made, house, 9)
    about = Subject("supplier", made.id)
    found = file_of(about)
    scans = []
    for paper in found.papers if found is not None else ():
        content = pdf(f"Demo scan: {paper.kind} of supplier {made.code}, valid until {paper.record.valid_to}")
        scans.append(scanning.file_scan(team["purchasing"], paper.subject, f"{paper.kind}.pdf", content))
    case = qualification.start(team["purchasing"], about, applicant=team["purchasing"].id)
    for who, answers in (
        ("purchasing", {"outcome": "resubmit", "reason": "资料已备齐"}),
        ("purchasing2", {"outcome": "approve", "reason": "骨科植入器械第二供应来源"}),
    ):
        (task,) = open_tasks_of(case.subject)
        deciding.complete(team[who], task.id, answers, seen_version=None)
    scanning.verify_scan(team["qa"], scans[0].id)


def _new_product(team: dict[str, Actor], world: World) -> None:
    """The certificate is entered, but no scan of it is filed: the applicant has to complete the papers."""
    certificate = catalog.create_registration(
        team["qa"],
        {"number": "演示械注20263139", "holder": "明川植入器械（演示）", "risk_class": 3, **from_to(30, 1790)},
    )
    number = len(world.products) + 1
    made = catalog.create_product(
        team["purchasing"],
        {
            "sku": f"YX-{number:03d}",
            "udi_di": gtin(number),
            "name": "可吸收接骨螺钉 3.5x30",
            "name_en": "Absorbable bone screw 3.5x30",
            "model": "3.5x30",
            "manufacturer": "明川植入器械（演示）",
            "risk_class": 3,
            "category_code": "13",
            "implantable": True,
            "sterile": True,
            "high_value": True,
            "shelf_life_days": 1095,
            "list_price": "2380.00",
            "registration_id": certificate.id,
            "status": "draft",
        },
    )
    qualification.start(team["purchasing"], Subject("product", made.id), applicant=team["purchasing"].id)


def pdf(line: str) -> bytes:
    """A page of PDF with one line of Latin text: what a scanner would have made."""
    text = line.encode("ascii", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    stream = b"BT /F1 14 Tf 60 760 Td (" + text + b") Tj ET"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    tail = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(body))
    return body + head + table + tail
