"""A paper of each kind with everything on it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from app.documents.content.delivery import DeliveryNote
from app.documents.content.orders import ConfirmedLine, OrderConfirmation, PickList, Reserved
from app.documents.content.parts import Both, Goods, Party, SignedBy
from app.documents.content.quality import Certificate, InspectionReport, Measured
from app.documents.content.recall import Consignee, RecallNotice, RegulatorReport
from app.vigilance.papers import ActionRow, CapaRecord, ComplaintRecord

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
US = Party(
    name=Both(zh="有序医疗器械（上海）有限公司", en="Youxu Medical (Shanghai) Co., Ltd."),
    uscc="91310000MA1FL0000X",
    address="上海市浦东新区张江路 1 号",
    contact="仓储部 王伟",
    phone="021-5555 0100",
    licences=("沪浦药监械经营许20260001号", "沪浦药监械经营备20260002号"),
)
HOSPITAL = Party(
    name=Both(zh="上海市第一示范人民医院（总院）", en="Shanghai First Model People's Hospital"),
    code="H-0001",
    uscc="12310000MB2F00000Y",
    address="上海市虹口区示范路 100 号",
    contact="设备科 李娜",
    phone="021-5555 0200",
    licences=("医疗机构执业许可证 12345678901",),
)
SIGNED = (
    SignedBy(name="Quentin", at=AT, meaning=Both(zh="审核", en="Review"), sha256="ab" * 32),
    SignedBy(name="陈静", at=AT, meaning=Both(zh="放行", en="Release"), sha256="cd" * 32, on_behalf_of="李强"),
)


def goods(**over: Any) -> Goods:
    """A heart valve of one lot with two serial numbers."""
    given: dict[str, Any] = {
        "sku": "YX-001",
        "name": Both(
            zh="一次性使用无菌人工心脏瓣膜（二叶式机械瓣）含经导管输送系统及配套压握装置与附件包装",
            en="Sterile single-use bileaflet mechanical heart valve with transcatheter delivery system",
        ),
        "quantity": 2,
        "uom": "EA",
        "line_no": 1,
        "model": "MHV-27A",
        "spec": "27 mm",
        "lot_no": "L20260601-A",
        "serials": ("SN000001", "SN000002"),
        "made_on": date(2026, 6, 1),
        "expires_on": date(2029, 5, 31),
        "registration_no": "国械注准20263130001",
        "registrant": "示范心血管器械股份有限公司",
        "manufacturer": "苏州示范受托生产有限公司",
        "production_licence": "苏药监械生产许20260009号",
        "udi_di": "06912345000017",
        "storage": Both(zh="2–8 °C，避光", en="2–8 °C, away from light"),
        "place": "A-01-02-03",
        "unit_price": Decimal("60000.00"),
        "amount": Decimal("120000.00"),
    }
    return Goods(**{**given, **over})


def samples(lines: int = 1) -> dict[str, Any]:
    """Kind → content; papers with tables get so many lines."""
    many = tuple(goods(line_no=place, lot_no=f"L{place:04d}") for place in range(1, lines + 1))
    kept = (Reserved("L1", 1, date(2029, 5, 31)), Reserved("L2", 1, None))
    consignees = tuple(
        Consignee(name=HOSPITAL.name, lot_no="L1", delivered=5, notified_at=AT, answered_at=AT, returned=2, used=3)
        for _place in range(lines)
    )
    return {
        "order_confirmation": OrderConfirmation(
            order_no="SO-2026-000001",
            order_version=2,
            customer=HOSPITAL,
            region=Both(zh="上海", en="Shanghai"),
            channel=Both(zh="直销", en="Direct"),
            order_type=Both(zh="急诊", en="Emergency"),
            requested_on=date(2026, 11, 25),
            arrives_on=date(2026, 11, 24),
            currency="CNY",
            total=Decimal("120000.00") * lines,
            lines=tuple(ConfirmedLine(one, kept) for one in many),
            references=("PO-77", "HT-2026-1"),
        ),
        "pick_list": PickList(
            ("SO-2026-000001",), HOSPITAL, Both(zh="上海仓", en="Shanghai"), many, date(2026, 11, 24), "先拣冷藏品"
        ),
        "delivery_note": DeliveryNote(
            supplier=US,
            customer=HOSPITAL,
            ship_to="上海市虹口区示范路 100 号 3 号楼设备科",
            order_nos=("SO-2026-000001",),
            shipped_on=date(2026, 11, 23),
            goods=many,
            carrier="示范冷链物流",
            vehicle="沪A·12345",
            ssccs=("395212340000000014",),
            transport=Both(zh="冷藏车 2–8 °C", en="Refrigerated van, 2–8 °C"),
            loggers=("LOG-1001 校准至 2027-03-01",),
            departed="2026-11-23 12:00，4.6 °C",
        ),
        "inspection_report": InspectionReport(
            goods=goods(),
            supplier=US,
            received_on=date(2026, 11, 20),
            plan=Both(zh="正常检验，一般水平 II，AQL 1.0", en="Normal inspection, level II, AQL 1.0"),
            lot_size=500,
            sample_size=50,
            accept_at_most=1,
            found_defective=0,
            measured=tuple(
                Measured(Both(zh="外径", en="Outer diameter"), "27.0 ± 0.1 mm", "27.02 mm", True, "GB/T 1", "MIC-01")
                for _place in range(max(lines, 3))
            ),
            verdict=Both(zh="合格，同意放行", en="Accepted, may be released"),
            passed=True,
            inspected_on=date(2026, 11, 22),
            signed=SIGNED,
        ),
        "certificate": Certificate(goods(), "IR-2026-000001", ("YY/T 1", "GB 2"), date(2026, 11, 23), signed=SIGNED),
        "recall_notice": RecallNotice(
            case_no="RC-2026-000001",
            level=Both(zh="一级召回", en="Class I"),
            urgent=True,
            consignee=HOSPITAL,
            issuer=US,
            decided_at=AT,
            answer_by=AT,
            hazard=Both(zh="瓣叶可能断裂，可致死亡。", en="A leaflet may break, which can be fatal."),
            instructions=(
                Both(zh="立即停止使用并隔离封存。", en="Stop using it at once and set it apart."),
                Both(zh="核对库存数量并答复。", en="Count what you have and answer."),
            ),
            goods=many,
            answer_at="https://youxu.example/recall/abc",
            sub_recall=True,
            signed=SIGNED[:1],
        ),
        "regulator_report": RegulatorReport(
            stage=Both(zh="召回总结报告", en="Summary report"),
            case_no="RC-2026-000001",
            authority="上海市药品监督管理局",
            reporter=US,
            level=Both(zh="一级召回", en="Class I"),
            decided_at=AT,
            legal_deadline=AT,
            reason=Both(zh="瓣叶断裂投诉两起。", en="Two complaints of broken leaflets."),
            measures=Both(zh="全部召回并销毁。", en="Recall and destruction of all."),
            goods=(goods(),),
            consignees=consignees,
            received=10,
            in_stock=5,
            reported_on=date(2026, 11, 23),
            signed=SIGNED,
        ),
        "complaint_record": ComplaintRecord(
            number="CP-2026-000001",
            status=Both(zh="投诉已关闭", en="complaint closed"),
            customer=HOSPITAL,
            goods=goods(),
            lot_is_ours=False,
            harm=Both(zh="严重伤害", en="serious harm"),
            law=Both(zh="中国法规（NMPA）", en="Law of China (NMPA)"),
            description="开箱时发现封口未压合。",
            known_since=AT,
            recorded_at=AT,
            recorded_by="Quentin",
            sample_is_here=True,
            reporting=Both(zh="须上报", en="to be reported"),
            reporting_at=AT,
            conclusion=Both(zh="属实", en="confirmed"),
            finding="封口宽度低于规定值。",
            closed_at=AT,
            follows=("NC-2026-000001", "CA-2026-000001"),
        ),
        "capa_record": CapaRecord(
            number="CA-2026-000001",
            stage=Both(zh="已关闭（措施有效）", en="closed, effective"),
            source=Both(zh="投诉", en="Complaint"),
            source_number="CP-2026-000001",
            goods=goods(),
            problem="封口未压合",
            root_cause="更换压头后无首件检查",
            criterion="之后三批均无不合格",
            check_on=date(2026, 12, 31),
            actions=tuple(
                ActionRow(
                    place,
                    Both(zh="纠正措施", en="corrective action"),
                    "复检库存",
                    "王伟",
                    date(2026, 12, 1),
                    AT,
                    "王伟",
                )
                for place in range(1, lines + 1)
            ),
            files=("复检记录.csv " + "ef" * 32,),
            opened_at=AT,
            opened_by="Quentin",
            effect=Both(zh="措施有效", en="actions effective"),
            signed=SIGNED,
        ),
    }
