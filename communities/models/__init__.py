"""The ground's tables, one file per subject."""

from communities.models.access import (
    ApiToken,
    Organisation,
    RoleAssignment,
    SignInRecord,
    User,
    holds_highest,
)
from communities.models.approval_routes import ApprovalFreeze, ApprovalRoute, ApprovalStep
from communities.models.approvals import (
    ApprovalCase,
    ApprovalDelegation,
    ApprovalOpinion,
    ApprovalRound,
    ApprovalTurn,
    Principal,
)
from communities.models.calendar import HolidaySchedule, SpecialDay
from communities.models.committees import Committee, CommitteePlacement
from communities.models.divisions import Division, DivisionCode, DivisionRecord
from communities.models.evidence import Evidence, EvidenceLink, StoredFile
from communities.models.imports import ExportFile, ImportBatch, ImportRow
from communities.models.installation import Installation
from communities.models.periods import Period
from communities.models.places import Community, CommunityRecord, HouseholdCount, PreferredCountSource
from communities.models.preferences import Draft, ListPreference, SavedView
from communities.models.premises import (
    Premises,
    PremisesFunctionArea,
    PremisesNilStatement,
    PremisesPlacement,
)
from communities.models.standards import Clause, Exemption, ExemptionRequest, PolicyDocument, Threshold
from communities.models.work import ChangeRecord, DirtyMark, Job, StoredAnswer

__all__ = [
    "ApiToken",
    "ApprovalCase",
    "ApprovalDelegation",
    "ApprovalFreeze",
    "ApprovalOpinion",
    "ApprovalRound",
    "ApprovalRoute",
    "ApprovalStep",
    "ApprovalTurn",
    "ChangeRecord",
    "Clause",
    "Committee",
    "CommitteePlacement",
    "Community",
    "CommunityRecord",
    "DirtyMark",
    "Division",
    "DivisionCode",
    "DivisionRecord",
    "Draft",
    "Evidence",
    "EvidenceLink",
    "Exemption",
    "ExemptionRequest",
    "ExportFile",
    "HolidaySchedule",
    "HouseholdCount",
    "ImportBatch",
    "ImportRow",
    "Installation",
    "Job",
    "ListPreference",
    "Organisation",
    "Period",
    "PolicyDocument",
    "PreferredCountSource",
    "Premises",
    "PremisesFunctionArea",
    "PremisesNilStatement",
    "PremisesPlacement",
    "Principal",
    "RoleAssignment",
    "SavedView",
    "SignInRecord",
    "SpecialDay",
    "StoredAnswer",
    "StoredFile",
    "Threshold",
    "User",
    "holds_highest",
]
