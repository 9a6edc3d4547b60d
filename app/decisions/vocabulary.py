"""The codes in what rules say (routes, steps, tags, groups) as people read them. What is stored keeps its codes; a code
that the shipped rule sets do not use is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable

from app.audit.actions import kind_name
from app.audit.queries import labels_by_id
from app.core.i18n import _, listed, pick
from app.core.subject import Subject
from app.decisions.outcome import Outcome, Texts
from app.identity.roles import ROLES

ROUTES: dict[str, Texts] = {
    "none": {"en": "no approval needed", "zh": "无需审批"},
    "one": {"en": "one approval", "zh": "一人审批"},
    "two": {"en": "two approvals by different people", "zh": "两人分别审批"},
    "parallel": {"en": "all departments concerned at once", "zh": "相关部门同时会签"},
    "emergency": {"en": "released first, approved afterwards", "zh": "先放行后补审批"},
    "accept": {"en": "nobody needs to decide", "zh": "无需人工决定"},
    "order_desk": {"en": "the order desk decides", "zh": "订单处理决定"},
    "manager": {"en": "a manager decides", "zh": "管理层决定"},
    "return_goods": {"en": "becomes a return", "zh": "转为退货"},
    "refused": {"en": "not possible", "zh": "不可行"},
    "apply": {"en": "carry out", "zh": "执行变更"},
    "unpick": {"en": "put back what was picked", "zh": "退回已拣货物"},
    "hold": {"en": "hold", "zh": "暂停"},
    "impact": {"en": "work out the consequences", "zh": "评估影响"},
    "clear": {"en": "nothing blocks it", "zh": "无阻断"},
    "blocked": {"en": "blocked", "zh": "已阻断"},
    "review": {"en": "to be reviewed", "zh": "待评审"},
    "use_as_is": {"en": "use as it is", "zh": "原样使用"},
    "concession": {"en": "concession", "zh": "让步接收"},
    "rework": {"en": "rework", "zh": "返工"},
    "return_to_supplier": {"en": "return to the supplier", "zh": "退回供应商"},
    "scrap": {"en": "scrap", "zh": "报废"},
    "quarantine": {"en": "quarantine", "zh": "隔离"},
    "close": {"en": "may be closed", "zh": "可关闭"},
    "continue": {"en": "goes on", "zh": "继续"},
    "escalate": {"en": "escalate", "zh": "升级处理"},
    "release": {"en": "release", "zh": "放行"},
    "qa_review": {"en": "quality reviews", "zh": "质量评审"},
    "reject": {"en": "reject", "zh": "拒绝"},
    "documents": {"en": "check of documents", "zh": "仅核对文件"},
    "reduced": {"en": "reduced inspection", "zh": "放宽检验"},
    "normal": {"en": "normal inspection", "zh": "正常检验"},
    "tightened": {"en": "tightened inspection", "zh": "加严检验"},
    "full": {"en": "full test", "zh": "全检"},
    "accepted": {"en": "accepted", "zh": "合格接收"},
    "incomplete": {"en": "incomplete", "zh": "不完整"},
    "not_accepted": {"en": "not accepted", "zh": "不接收"},
    "document": {"en": "on paper", "zh": "书面审核"},
    "site_audit": {"en": "audit on site", "zh": "现场审核"},
    "complete": {"en": "complete", "zh": "齐备"},
    "unverified": {"en": "not verified yet", "zh": "尚未核实"},
    "class_i": {"en": "class I", "zh": "一级"},
    "class_ii": {"en": "class II", "zh": "二级"},
    "class_iii": {"en": "class III", "zh": "三级"},
    "short": {"en": "short of stock", "zh": "库存不足"},
    "approve": {"en": "approve", "zh": "批准"},
    "conditional": {"en": "approve with conditions", "zh": "附条件批准"},
    "recheck": {"en": "check again", "zh": "重新检查"},
    "resubmit": {"en": "submit again", "zh": "重新提交"},
    "cancel": {"en": "cancel", "zh": "取消"},
    "split": {"en": "ship what is there, the rest follows", "zh": "先发现货，余量后发"},
    "resend": {"en": "send anew", "zh": "重新发货"},
}
STEPS: dict[str, Texts] = {
    "second": {"en": "second approval", "zh": "第二次审批"},
    "joint": {"en": "joint approval", "zh": "会签"},
    "afterwards": {"en": "approval afterwards", "zh": "补审批"},
    "head": {"en": "head of quality", "zh": "质量负责人审批"},
}
TAGS: dict[str, Texts] = {
    "class_iii": {"en": "class III device", "zh": "第三类器械"},
    "high_value": {"en": "high value", "zh": "高值"},
    "credit_check": {"en": "check the credit", "zh": "核查信用"},
    "emergency": {"en": "emergency", "zh": "急救"},
    "review_quantity": {"en": "review the quantity", "zh": "复核数量"},
    "approve_afterwards": {"en": "approve afterwards", "zh": "事后补审批"},
    "free_stock": {"en": "free the stock", "zh": "释放库存"},
    "signature": {"en": "signature needed", "zh": "需签名"},
    "hold_pick": {"en": "hold picking", "zh": "暂停拣货"},
    "recheck_compliance": {"en": "check compliance again", "zh": "重新检查合规"},
    "rank_again": {"en": "rank again", "zh": "重新排序"},
    "approve_again": {"en": "approve again", "zh": "重新审批"},
    "plan_again": {"en": "plan again", "zh": "重新计划"},
    "new_documents": {"en": "new documents", "zh": "重出单证"},
    "tell_customers": {"en": "tell the customers", "zh": "通知客户"},
    "give_back_award_volume": {"en": "give back volume of the award", "zh": "退回中标约定量"},
    "consume_award_volume": {"en": "use volume of the award", "zh": "占用中标约定量"},
    "pulled_in": {"en": "pulled in", "zh": "交期提前"},
    "return_as_rejected": {"en": "comes back as rejected goods", "zh": "按不合格品退回"},
    "back_to_approval": {"en": "back to approval", "zh": "退回审批"},
    "documents_within_24h": {"en": "documents within 24 h", "zh": "24小时内补文件"},
    "finance_may_lift": {"en": "finance may lift it", "zh": "财务可解除"},
    "two_witnesses": {"en": "two witnesses", "zh": "两人见证"},
    "inspect_again": {"en": "inspect again", "zh": "重新检验"},
    "advisory_notice": {"en": "advisory notice", "zh": "发布忠告性通知"},
    "check_more": {"en": "check more", "zh": "增加核查"},
    "set_level": {"en": "set the level", "zh": "设定核查级别"},
    "remind": {"en": "remind", "zh": "催告"},
    "visit": {"en": "visit", "zh": "上门"},
    "reconcile": {"en": "reconcile quantities", "zh": "核对数量"},
    "next_round": {"en": "next round", "zh": "下一轮"},
    "deduct_allowance": {"en": "deduct from the allowance", "zh": "扣减允许时长"},
    "ask_registrant": {"en": "ask the registrant", "zh": "询问注册人"},
    "get_record": {"en": "get the whole record", "zh": "补齐温度记录"},
    "severity_tightened": {"en": "tightened from now on", "zh": "转为加严"},
    "severity_reduced": {"en": "reduced from now on", "zh": "转为放宽"},
    "severity_normal": {"en": "normal from now on", "zh": "转为正常"},
    "severity_discontinued": {"en": "acceptance discontinued", "zh": "暂停接收检验"},
    "check_import_documents": {"en": "check the import documents", "zh": "核对进口文件"},
    "level_s3": {"en": "level S-3", "zh": "检验水平S-3"},
    "level_ii": {"en": "level II", "zh": "检验水平II"},
    "level_iii": {"en": "level III", "zh": "检验水平III"},
    "aql_0.65": {"en": "AQL 0.65", "zh": "AQL 0.65"},
    "aql_1.0": {"en": "AQL 1.0", "zh": "AQL 1.0"},
    "aql_2.5": {"en": "AQL 2.5", "zh": "AQL 2.5"},
    "sample": {"en": "fault of the sample", "zh": "样本不合格"},
    "key": {"en": "fault of a key characteristic", "zh": "关键特性不合格"},
    "receipt": {"en": "fault at receipt", "zh": "收货核对不符"},
    "pull_qc": {"en": "put its inspection first", "zh": "优先检验"},
    "start_test": {"en": "start the test", "zh": "开始检验"},
    "renew_customer_licence": {"en": "renew the customer's licence", "zh": "更新客户许可证"},
    "renew_registration": {"en": "renew the registration", "zh": "延续注册证"},
    "override": {"en": "moved by hand", "zh": "人工调整"},
    "missing": {"en": "papers missing", "zh": "资料缺失"},
    "lapsed": {"en": "papers lapsed", "zh": "资料失效"},
    "unfiled": {"en": "no scan on file", "zh": "无扫描件"},
    "data": {"en": "data missing", "zh": "数据缺失"},
    "contact": {"en": "no contact for recalls", "zh": "无召回联系人"},
    "site_audit": {"en": "audit on site", "zh": "现场审核"},
    "notify_cn_i": {"en": "notify (China, class I)", "zh": "通知（中国一级召回）"},
    "notify_cn_ii": {"en": "notify (China, class II)", "zh": "通知（中国二级召回）"},
    "notify_cn_iii": {"en": "notify (China, class III)", "zh": "通知（中国三级召回）"},
    "notice_overdue": {"en": "notice overdue", "zh": "通知逾期"},
    "urgent_notice": {"en": "urgent notice", "zh": "紧急通知"},
    "report_us": {"en": "report (United States)", "zh": "报告（美国）"},
    "report_overdue": {"en": "report overdue", "zh": "报告逾期"},
    "field_safety_notice": {"en": "field safety notice", "zh": "现场安全通知"},
    "report_eu_threat": {"en": "report a serious threat (European Union)", "zh": "报告严重公共卫生威胁（欧盟）"},
    "report_eu_death": {
        "en": "report a death or serious deterioration (European Union)",
        "zh": "报告死亡或严重恶化（欧盟）",
    },
    "report_eu_serious": {"en": "report a serious incident (European Union)", "zh": "报告严重事件（欧盟）"},
    "second_person_review": {"en": "a second person reviews", "zh": "第二人复核"},
    "temperature_logger": {"en": "with a temperature logger", "zh": "随附温度记录仪"},
    "leave_now": {"en": "must leave now", "zh": "须立即发出"},
    "shortage": {"en": "shortage", "zh": "短缺"},
    "call_by_phone": {"en": "call by phone", "zh": "电话通知"},
    "second_person": {"en": "second person", "zh": "第二人"},
    "english": {"en": "English-speaking contact", "zh": "联系人使用英语"},
    "nobody_present": {"en": "nobody at work", "zh": "无人在岗"},
    "overloaded": {"en": "too much to do", "zh": "任务过多"},
    "overdue": {"en": "overdue", "zh": "逾期"},
}

SIGNALS: dict[str, Texts] = {code: ROUTES[code] for code in ("class_i", "class_ii", "class_iii")}


def subject_words(subject: Subject) -> str:
    """A subject by its kind and number; by its id where it has none, or is there no more."""
    label = labels_by_id(subject.kind, [subject.id]).get(subject.id, subject.id)
    return f"{kind_name(subject.kind)} {label}"


def route_words(route: str | None) -> str:
    """A route in the reader's words; nothing for none."""
    return pick(ROUTES.get(route, route)) if route else ""


def step_words(step: str) -> str:
    """A step that others are asked for."""
    return pick(STEPS.get(step, step))


def tag_words(tag: str) -> str:
    """A tag."""
    return pick(TAGS.get(tag, tag))


def people_words(asked: Iterable[str]) -> str:
    """Groups by the names of their roles, persons by what they sign in with."""
    return listed(pick(ROLES.get(one, one)) for one in asked)


def asked_words(outcome: Outcome) -> str:
    """Whom an outcome asks, by step where it names any; nothing when it asks nobody."""
    people = people_words(outcome.assign_groups + outcome.assign_users)
    steps = (assigned_words(step, groups) for step, groups in outcome.assign_by_step.items())
    return _("; ").join(filter(None, (people, *steps)))


def assigned_words(step: str, people: Iterable[str]) -> str:
    """Whom a rule asks for a step."""
    return _("Step “%(step)s”: %(people)s", step=step_words(step), people=people_words(people))


def signal_words(signal: str) -> str:
    """What a rule tells those after it."""
    return _("Signal “%(signal)s”", signal=pick(SIGNALS.get(signal, signal)))


def actions_words(effect: str) -> list[str]:
    """What `assemble.effect_of` says in short, as notes and simulations keep it (`floor P0, assign second: finance`), a
    sentence per action."""
    actions: list[tuple[str, str]] = []
    for part in filter(None, effect.split(", ")):
        action, space, value = part.partition(" ")
        if space:
            actions.append((action, value))
        elif actions:  # one more of the people before it: codes have no spaces
            last, people = actions[-1]
            actions[-1] = (last, f"{people}, {part}")
    return [_action(action, value) for action, value in actions]


def effect_words(effect: str) -> str:
    """The same in one line."""
    return _("; ").join(actions_words(effect))


def _action(action: str, value: str) -> str:
    if action == "assign":
        step, colon, people = value.rpartition(": ")
        asked = people.split(", ")
        return assigned_words(step, asked) if colon else _("Asks %(people)s", people=people_words(asked))
    if action == "route":
        return _("Route “%(route)s”", route=route_words(value))
    if action == "tag":
        return _("Tag “%(tag)s”", tag=tag_words(value))
    if action == "floor":
        return _("Band at least %(band)s", band=value)
    return _("Band at most %(band)s", band=value)
