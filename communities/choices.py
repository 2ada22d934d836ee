"""Closed lists of the ground. A value is never deleted, only no longer offered."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Level(models.IntegerChoices):
    """Rank of a place in the tree. Levels may be skipped: some cities have towns and no districts."""

    COUNTRY = 0, _("全国")
    PROVINCE = 1, _("省级")
    CITY = 2, _("市级")
    DISTRICT = 3, _("区县级")
    STREET = 4, _("街镇级")
    COMMUNITY = 5, _("社区级")

    @property
    def code(self) -> str:
        """The word used over the API: ``city``."""
        return self.name.lower()

    @classmethod
    def from_code(cls, code: str) -> Level:
        """Raises KeyError for an unknown word."""
        return cls[code.upper()]


# What the API takes and gives for a level.
LEVEL_CODES = [(level.code, level.label) for level in Level]


class DivisionKind(models.TextChoices):
    """What a place is by law; several kinds share a level."""

    COUNTRY = "country", _("国家")
    PROVINCE = "province", _("省")
    AUTONOMOUS_REGION = "autonomous_region", _("自治区")
    MUNICIPALITY = "municipality", _("直辖市")
    PREFECTURE_CITY = "prefecture_city", _("地级市")
    PREFECTURE = "prefecture", _("地区、自治州、盟")
    PSEUDO = "pseudo", _("统计用汇总区划")
    DISTRICT = "district", _("市辖区")
    COUNTY_CITY = "county_city", _("县级市")
    COUNTY = "county", _("县、旗")
    DEVELOPMENT_ZONE = "development_zone", _("开发区")
    STREET = "street", _("街道")
    TOWN = "town", _("镇")
    TOWNSHIP = "township", _("乡")
    PARK = "park", _("园区、街区")
    OTHER_TOWN_LEVEL = "other_town_level", _("其他乡级单位")
    RESIDENTS_COMMUNITY = "residents_community", _("社区")
    VILLAGE = "village", _("村")
    OTHER_COMMUNITY_LEVEL = "other_community_level", _("其他村级单位")


class CodeScheme(models.TextChoices):
    STATISTICAL = "statistical", _("统计用区划代码")


class LocationClass(models.TextChoices):
    CENTRAL = "central", _("中心城区")
    TOWN_SEAT = "town_seat", _("镇政府所在地")
    ABOLISHED_TOWN_SEAT = "abolished_town_seat", _("被撤销镇所在地")
    OUTSKIRTS = "outskirts", _("城郊")
    RURAL = "rural", _("农村")


class CommunityKind(models.TextChoices):
    URBAN = "urban", _("城市社区")
    FARM_RELATED = "farm_related", _("涉农社区")
    CONVERTED = "converted", _("撤村转居社区")
    OUTSKIRTS_RURAL = "outskirts_rural", _("城郊农村社区")


class CommunityState(models.TextChoices):
    PLANNED = "planned", _("规划中")
    BEING_SET_UP = "being_set_up", _("筹建中")
    ACTIVE = "active", _("正常运行")
    EMPTY_SHELL = "empty_shell", _("空壳社区")


class BuildingClass(models.TextChoices):
    """Selects the standard for service rooms (R-002 to R-004)."""

    NEW = "new", _("新建社区")
    RENOVATED = "renovated", _("经过整修的社区")
    OLD = "old", _("未整修的老社区")


class CountDefinition(models.TextChoices):
    REGISTERED = "registered", _("户籍")
    RESIDENT = "resident", _("常住")


class CountSource(models.TextChoices):
    POLICE = "police", _("公安户籍登记")
    CENSUS = "census", _("人口普查")
    GRID = "grid", _("网格入户采集")
    STATISTICS = "statistics", _("统计部门推算")


class OrganisationKind(models.TextChoices):
    CIVIL_AFFAIRS = "civil_affairs", _("民政部门")
    ORGANISATION_DEPARTMENT = "organisation_department", _("组织部门")
    FINANCE = "finance", _("财政部门")
    STREET_OFFICE = "street_office", _("街道办事处、乡镇政府")
    COMMITTEE = "committee", _("居(村)民委员会")
    PARTNER = "partner", _("其他系统")


class CommitteeKind(models.TextChoices):
    RESIDENTS = "residents", _("居民委员会")
    VILLAGERS = "villagers", _("村民委员会")


class PremisesKind(models.TextChoices):
    """What a room is for. Two rooms (两房) are office and service."""

    OFFICE = "office", _("办公用房")
    SERVICE = "service", _("公益性服务用房")
    ACTIVITY = "activity", _("活动场所")


class PremisesFunction(models.TextChoices):
    SERVICE_STATION = "service_station", _("社区服务站")
    SERVICE_HALL = "service_hall", _("办事大厅")
    PARTY_CENTRE = "party_centre", _("党群活动室")
    COUNCIL_ROOM = "council_room", _("议事协商室")
    MEDIATION = "mediation", _("调解室")
    POLICE_ROOM = "police_room", _("警务室")
    ELDERLY_CARE = "elderly_care", _("日间照料室")
    CHILDREN = "children", _("儿童之家")
    HEALTH = "health", _("卫生服务室")
    CULTURE = "culture", _("文化活动室")
    READING = "reading", _("图书阅览室")
    SPORT = "sport", _("健身场地")
    STORAGE = "storage", _("储藏及附属用房")
    OTHER = "other", _("其他")


class Tenure(models.TextChoices):
    OWNED = "owned", _("自有")
    RENTED = "rented", _("租用")
    LENT = "lent", _("借用")
    SHARED = "shared", _("合用")


class Condition(models.TextChoices):
    GOOD = "good", _("良好")
    FAIR = "fair", _("一般")
    POOR = "poor", _("简陋")
    DANGEROUS = "dangerous", _("危房")


class LossReason(models.TextChoices):
    DEMOLITION = "demolition", _("拆迁")
    LEASE_ENDED = "lease_ended", _("租期届满")
    TAKEN_BACK = "taken_back", _("产权单位收回")
    DANGEROUS = "dangerous", _("鉴定为危房停用")
    REPLACED = "replaced", _("置换新用房")
    CONVERTED = "converted", _("改作他用")
    OTHER = "other", _("其他")


class DocumentKind(models.TextChoices):
    LAW = "law", _("法律法规")
    NATIONAL = "national", _("国家文件")
    PROVINCIAL = "provincial", _("省级文件")
    CITY = "city", _("市级文件")
    DISTRICT = "district", _("区县文件")


class Operator(models.TextChoices):
    """How a value is held against a threshold."""

    AT_LEAST = "ge", _("不低于")
    MORE_THAN = "gt", _("高于")
    AT_MOST = "le", _("不超过")
    LESS_THAN = "lt", _("低于")
    BETWEEN = "between", _("介于(含两端)")


class Force(models.TextChoices):
    """How a threshold binds. A higher binding floor wins over a nearer but weaker rule."""

    BINDING_FLOOR = "binding_floor", _("底线标准")
    DEFAULT = "default", _("执行标准")
    STRIVE_TO = "strive_to", _("力争目标")


class PeriodKind(models.TextChoices):
    YEAR = "year", _("年")
    HALF = "half", _("半年")
    QUARTER = "quarter", _("季度")
    MONTH = "month", _("月")


class JobState(models.TextChoices):
    QUEUED = "queued", _("排队中")
    RUNNING = "running", _("进行中")
    DONE = "done", _("已完成")
    FAILED = "failed", _("失败")


class ChangeVerb(models.TextChoices):
    CREATE = "create", _("新增")
    CHANGE = "change", _("修改")
    DELETE = "delete", _("删除")
    RESTORE = "restore", _("恢复")
    REFUSED = "refused", _("越权被拒")


class ImportState(models.TextChoices):
    """How far an uploaded workbook has come."""

    UPLOADED = "uploaded", _("已上传")
    CHECKING = "checking", _("检查中")
    READY = "ready", _("待确认")
    APPLYING = "applying", _("入库中")
    DONE = "done", _("已入库")
    REFUSED = "refused", _("已退回")
    FAILED = "failed", _("失败")
    EXPIRED = "expired", _("已过期")


class ImportMode(models.TextChoices):
    """What happens to the good rows of a workbook in which some are bad."""

    ALL_OR_NOTHING = "all_or_nothing", _("全部合格才入库")
    GOOD_ROWS = "good_rows", _("合格的先入库")


class RowOutcome(models.TextChoices):
    """What an import does, or would do, with one row."""

    CREATED = "created", _("新增")
    CHANGED = "changed", _("修改")
    UNCHANGED = "unchanged", _("不变")
    REFUSED = "refused", _("退回")


class ApprovalState(models.TextChoices):
    """How far something that was submitted for a decision has come."""

    OPEN = "open", _("审批中")
    RETURNED = "returned", _("已退回")
    WITHDRAWN = "withdrawn", _("已撤回")
    PASSED = "passed", _("已通过")
    REFUSED = "refused", _("不予通过")


# In these what was submitted stays as it is.
APPROVAL_FIXED = (ApprovalState.OPEN, ApprovalState.PASSED, ApprovalState.REFUSED)


class TurnState(models.TextChoices):
    """A step of a case in one round."""

    WAITING = "waiting", _("未到")
    OPEN = "open", _("办理中")
    PASSED = "passed", _("同意")
    RETURNED = "returned", _("退回")
    REFUSED = "refused", _("不同意")
    DROPPED = "dropped", _("未办")


class ApprovalVerb(models.TextChoices):
    """What people do with a case."""

    SUBMIT = "submit", _("申报")
    PASS = "pass", _("同意")
    RETURN = "return", _("退回")
    REFUSE = "refuse", _("不予通过")
    WITHDRAW = "withdraw", _("撤回")
    HAND_ON = "hand_on", _("转办")
    URGE = "urge", _("催办")


APPROVAL_DECISIONS = (ApprovalVerb.PASS, ApprovalVerb.RETURN, ApprovalVerb.REFUSE)


class EvidenceKind(models.TextChoices):
    """What a piece of evidence is."""

    PHOTO = "photo", _("照片")
    SCAN = "scan", _("扫描件")
    PAPER = "paper", _("文件")
    OTHER = "other", _("其他")


class MediaType(models.TextChoices):
    """What a stored file is, by its content."""

    JPEG = "image/jpeg", _("JPEG 图片")
    PNG = "image/png", _("PNG 图片")
    WEBP = "image/webp", _("WebP 图片")
    PDF = "application/pdf", _("PDF 文件")
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _("Word 文档")
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _("Excel 工作簿")


PICTURES = (MediaType.JPEG, MediaType.PNG, MediaType.WEBP)
