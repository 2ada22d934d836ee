"""The fictional rule books: a province's and three cities' documents, with the numbers that their clauses set."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from communities.base.standards import ThresholdKey
from communities.choices import BuildingClass, CountDefinition, CountSource, DocumentKind, Operator
from communities.indicators import OFFICE_AREA_KEY, OFFICE_SHARE_KEY, SERVICE_AREA_KEY
from communities.models import Clause, PolicyDocument, PreferredCountSource, Threshold
from portal.demo.cities import ProvincePlan
from portal.demo.plan import Place
from portal.demo.specs import JICHUAN, YULAN, YUNZHOU
from portal.demo.timeline import Timeline


@dataclass(frozen=True)
class Bound:
    """The number that a clause sets."""

    key: ThresholdKey
    operator: Operator
    value: str
    building_class: BuildingClass | None = None
    deadline_years: int | None = None  # after the anchor's year


@dataclass(frozen=True)
class Article:
    label: str
    text: str
    bound: Bound | None = None


@dataclass(frozen=True)
class Document:
    title: str
    number: str
    issuer: str
    kind: DocumentKind
    issued_on: dt.date
    since: dt.date
    until: dt.date | None
    articles: tuple[Article, ...]


def _at_least(key: ThresholdKey, value: str, building_class: BuildingClass | None = None) -> Bound:
    return Bound(key, Operator.AT_LEAST, value, building_class, deadline_years=1)


PROVINCIAL_1996 = Document(
    "演示省城市居民委员会办公用房暂行规定",
    "演政发〔1996〕21号",
    "演示省人民政府",
    DocumentKind.PROVINCIAL,
    dt.date(1996, 5, 8),
    dt.date(1996, 7, 1),
    dt.date(2004, 7, 1),
    (
        Article("第二条", "居民委员会办公用房由所在地人民政府统筹解决，可以采取自有、租用、借用等方式。"),
        Article(
            "第四条",
            "每个居民委员会的办公用房建筑面积不低于60平方米。",
            Bound(OFFICE_AREA_KEY, Operator.AT_LEAST, "60"),
        ),
        Article("第七条", "居民公益性服务用房的面积标准，由各地在条件成熟时另行规定。"),
    ),
)
PROVINCIAL_2004 = Document(
    "演示省社区用房建设管理办法",
    "演政发〔2004〕16号",
    "演示省人民政府",
    DocumentKind.PROVINCIAL,
    dt.date(2004, 4, 20),
    dt.date(2004, 7, 1),
    None,
    (
        Article(
            "第五条",
            "每个居民委员会的办公用房建筑面积不低于70平方米；设区的市可以规定更高的标准。",
            _at_least(OFFICE_AREA_KEY, "70"),
        ),
        Article(
            "第八条",
            "因历史原因暂时无法安排用房的，经市级民政部门批准可以豁免，并载明原因和复核日期。",
        ),
        Article("第九条", "因征收拆迁失去用房的，应当安排临时过渡用房并明确过渡期限。"),
    ),
)
CITY_OF_100 = Document(
    "云州市社区办公和公益性服务用房标准",
    "云政发〔2004〕33号",
    "云州市人民政府",
    DocumentKind.CITY,
    dt.date(2004, 9, 6),
    dt.date(2005, 1, 1),
    None,
    (
        Article("第二条", "本标准按居民委员会逐个核定，租用、借用、合用的用房按实际使用面积计入。"),
        Article(
            "第三条", "每个居民委员会的办公用房建筑面积不低于100平方米。", _at_least(OFFICE_AREA_KEY, "100")
        ),
        Article(
            "第四条第一款",
            "经过整修的社区，公益性服务用房建筑面积不低于200平方米。",
            _at_least(SERVICE_AREA_KEY, "200", BuildingClass.RENOVATED),
        ),
        Article(
            "第四条第二款",
            "新建社区，公益性服务用房建筑面积不低于400平方米。",
            _at_least(SERVICE_AREA_KEY, "400", BuildingClass.NEW),
        ),
        Article("第四条第三款", "未整修的老社区，公益性服务用房面积暂不设标准，结合整修逐步解决。"),
    ),
)
CITY_OF_DEMONSTRATION = Document(
    "云州市示范社区创建办法",
    "云政办发〔2024〕51号",
    "云州市人民政府办公室",
    DocumentKind.CITY,
    dt.date(2024, 11, 5),
    dt.date(2025, 1, 1),
    None,
    (
        Article("第十一条", "自治好：居民委员会健全，办公用房达到标准，有居民议事协商的固定场所。"),
        Article("第十二条", "管理好：社区用房以自有为主，办公用房不挤占服务用房，用房面积与户数相适应。"),
        Article("第十三条", "服务好：公益性服务用房按建设类别达到标准，设有服务站和养老、卫生服务场所。"),
        Article("第十四条", "治安好：设有警务室和调解室。"),
        Article("第十五条", "环境好：用房状况良好，有居民健身场地。"),
        Article("第十六条", "风尚好：设有文化活动室、图书阅览室和儿童之家。"),
        Article("第十七条", "便民服务有创新的，可以加分，加分不超过二分。"),
        Article("第十八条", "示范街道、示范区按所辖社区的达标情况和服务覆盖评定。"),
    ),
)
CITY_OF_80 = Document(
    "榆岚市社区居民委员会办公用房配置标准",
    "榆政办发〔2006〕9号",
    "榆岚市人民政府办公室",
    DocumentKind.CITY,
    dt.date(2006, 2, 14),
    dt.date(2006, 4, 1),
    None,
    (
        Article("第三条", "居民委员会办公用房建筑面积不低于80平方米。", _at_least(OFFICE_AREA_KEY, "80")),
        Article("第六条", "用房变动应当在三十日内登记取得或者失去的日期和原因。"),
    ),
)
CITY_WITH_SHARE = Document(
    "霁川市社区用房统筹使用办法",
    "霁政办发〔2012〕40号",
    "霁川市人民政府办公室",
    DocumentKind.CITY,
    dt.date(2012, 10, 22),
    dt.date(2013, 1, 1),
    None,
    (
        Article("第四条", "居民委员会办公用房建筑面积不低于80平方米。", _at_least(OFFICE_AREA_KEY, "80")),
        Article(
            "第五条",
            "社区办公用房面积不超过全部社区用房面积的20%，全部社区用房包括活动场所，按社区核定。",
            Bound(OFFICE_SHARE_KEY, Operator.AT_MOST, "20", deadline_years=2),
        ),
        Article("第九条", "腾出的办公用房优先用于养老、托幼和居民议事。"),
    ),
)


def store_rulebook(plan: ProvincePlan) -> None:
    """All documents with their clauses and thresholds, and which household counts the ratios use."""
    anchor = plan.timeline.anchor
    cities = {name: city.place for name, city in plan.cities.items()}
    for place, document in (
        (plan.place, PROVINCIAL_1996),
        (plan.place, PROVINCIAL_2004),
        (cities[YUNZHOU.name], CITY_OF_100),
        (cities[YUNZHOU.name], CITY_OF_DEMONSTRATION),
        (cities[YULAN.name], CITY_OF_80),
        (cities[JICHUAN.name], CITY_WITH_SHARE),
    ):
        _store_document(document, place, anchor)
    _store_preferences(cities, plan.timeline)


def _store_document(document: Document, place: Place, anchor: dt.date) -> None:
    row = PolicyDocument.objects.create(
        title=document.title,
        number=document.number,
        issuer=document.issuer,
        kind=document.kind,
        jurisdiction_id=place.pk,
        issued_on=document.issued_on,
        valid=(document.since, document.until),
        text="\n".join(f"{article.label} {article.text}" for article in document.articles),
    )
    for position, article in enumerate(document.articles, start=1):
        clause = Clause.objects.create(
            document=row, label=article.label, position=position, text=article.text
        )
        if article.bound is not None:
            _threshold(article.bound, clause, row, anchor).save()
    # The closed periods were measured by them, so they are of the day on which they came into force.
    begun = timezone.make_aware(dt.datetime.combine(document.since, dt.time()))
    Threshold.objects.filter(clause__document=row).update(created_at=begun)


def _threshold(bound: Bound, clause: Clause, document: PolicyDocument, anchor: dt.date) -> Threshold:
    value = Decimal(bound.value)
    deadline = None
    if bound.deadline_years is not None:
        deadline = dt.date(anchor.year + bound.deadline_years, 12, 31)
    return Threshold(
        key=bound.key.code,
        operator=bound.operator,
        low=value if bound.operator == Operator.AT_LEAST else None,
        high=value if bound.operator == Operator.AT_MOST else None,
        unit=bound.key.unit,
        jurisdiction_id=document.jurisdiction_id,
        valid=document.valid,
        deadline=deadline,
        building_classes=[bound.building_class] if bound.building_class else None,
        clause=clause,
    )


def _store_preferences(cities: dict[str, Place], timeline: Timeline) -> None:
    """From the census over the police to grid workers; in 榆岚市 the last change shows in the trend."""
    census = (CountSource.CENSUS, CountDefinition.RESIDENT)
    police = (CountSource.POLICE, CountDefinition.REGISTERED)
    grid = (CountSource.GRID, CountDefinition.RESIDENT)
    of_police = dt.date(2011, 1, 1)
    long_ago = dt.date(timeline.quarters[0].year, 1, 1)
    this_year = dt.date(timeline.anchor.year, 1, 1)
    for name, (source, definition), since, until in (
        (YUNZHOU.name, census, None, of_police),
        (YUNZHOU.name, police, of_police, long_ago),
        (YUNZHOU.name, grid, long_ago, None),
        (YULAN.name, census, None, of_police),
        (YULAN.name, police, of_police, this_year),
        (YULAN.name, grid, this_year, None),
        (JICHUAN.name, census, None, None),
    ):
        PreferredCountSource.objects.create(
            jurisdiction_id=cities[name].pk, source=source, definition=definition, valid=(since, until)
        )
