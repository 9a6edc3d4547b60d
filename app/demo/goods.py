"""What is sold: invented devices with the properties that matter to priority, allocation and compliance."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Device:
    """A product: class I–III, 22-catalogue category, price in CNY, shelf life in days, storage range in °C."""

    zh: str
    en: str
    risk_class: int
    category: str
    price: Decimal
    shelf_life: int
    flags: frozenset[str] = field(default_factory=frozenset)
    """Of: implant, sterile, life, high_value, serial, inspect."""
    storage: tuple[int, int] | None = None
    variants: tuple[str, ...] = ("",)
    group: str | None = None


def _device(text: str) -> Device:
    """`中文 | English | class | category | price | shelf life | flags | storage | variants | group`."""
    zh, en, risk, category, price, life, flags, storage, variants, group = (part.strip() for part in text.split("|"))
    low, _, high = storage.partition("..")
    return Device(
        zh=zh,
        en=en,
        risk_class=int(risk),
        category=category,
        price=Decimal(price),
        shelf_life=int(life),
        flags=frozenset(flags.split()),
        storage=(int(low), int(high)) if storage else None,
        variants=tuple(variants.split()) or ("",),
        group=group or None,
    )


# One device a line reads best.
DEVICES = tuple(
    _device(line)
    for line in """
药物洗脱冠状动脉支架|Drug-eluting coronary stent|3|13|7800.00|730|implant sterile life high_value serial inspect||2.5x18 3.0x18 3.5x24|stent
冠状动脉球囊扩张导管|Coronary balloon catheter|3|03|2600.00|1095|sterile life||2.0x15 2.5x20|balloon
双腔植入式心脏起搏器|Dual-chamber pacemaker|3|12|46800.00|540|implant sterile life high_value serial inspect|||pacemaker
心脏封堵器|Septal occluder|3|13|21500.00|1095|implant sterile life high_value serial inspect||12mm 18mm|occluder
人工髋关节假体|Hip prosthesis|3|13|16800.00|1825|implant sterile high_value serial inspect||48 52 56|hip
人工膝关节假体|Knee prosthesis|3|13|18900.00|1825|implant sterile high_value serial inspect||3 4 5|knee
脊柱椎弓根螺钉系统|Pedicle screw system|3|13|3200.00|1825|implant sterile||5.5x40 6.5x45|screw
丙烯酸树脂骨水泥|Acrylic bone cement|3|13|980.00|730|implant sterile||40g|cement
人工晶状体|Intraocular lens|3|16|2300.00|1095|implant sterile serial||+20D +22D|lens
可吸收止血纱|Absorbable haemostat|3|14|460.00|730|sterile||5x7|haemostat
纤维蛋白封合剂|Fibrin sealant|3|14|1580.00|540|sterile inspect|2..8|2ml|sealant
脱细胞真皮补片|Acellular dermal matrix|3|13|8600.00|720|implant sterile high_value inspect|2..8|4x6|patch
疝修补网片|Hernia mesh|3|13|1260.00|1095|implant sterile||10x15|mesh
一次性使用吻合器|Disposable stapler|2|02|1850.00|1095|sterile||45 60|stapler
超声刀头|Ultrasonic scalpel tip|2|01|2450.00|1095|sterile||23cm 36cm|scalpel
血液透析器|Dialyser|3|10|128.00|1095|sterile life||1.4 1.8|dialyser
膜式氧合器|Membrane oxygenator|3|10|5600.00|720|sterile life high_value|||oxygenator
有创血压传感器|Invasive pressure transducer|2|07|86.00|1095|sterile|||transducer
中心静脉导管|Central venous catheter|3|14|168.00|1095|sterile||7Fr|cvc
一次性使用输液器|Infusion set|3|14|2.80|1095|sterile||20d|infusion
医用外科口罩|Surgical mask|2|14|0.65|730|||50|mask
乙型肝炎病毒检测试剂盒|HBV assay kit|3|40|890.00|365|inspect|2..8|96T|hbv
肌钙蛋白检测试剂盒|Troponin assay kit|2|40|1260.00|365|life inspect|2..8|100T|troponin
血糖试纸|Glucose test strips|2|40|58.00|540|||50|glucose
糖化血红蛋白质控品|HbA1c control|2|40|420.00|365|inspect|-25..-15|2ml|control
颅内动脉瘤弹簧圈|Aneurysm coil|3|13|6900.00|1095|implant sterile life high_value serial inspect||3x8 5x15|coil
取栓支架|Thrombectomy device|3|03|23800.00|730|sterile life high_value serial||4x20|thrombectomy
人工血管|Vascular graft|3|13|9800.00|1095|implant sterile life high_value inspect||8x40|graft
电子结肠镜用活检钳|Biopsy forceps|2|06|75.00|1095|sterile||2.3|forceps
一次性使用麻醉面罩|Anaesthesia mask|2|08|18.00|1095|||M|amask
""".strip().splitlines()
)
