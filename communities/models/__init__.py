"""The ground's tables, one file per subject."""

from communities.models.access import ApiToken, Organisation, RoleAssignment, SignInRecord, User
from communities.models.committees import Committee, CommitteePlacement
from communities.models.divisions import Division, DivisionCode, DivisionRecord
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
from communities.models.standards import Clause, Exemption, PolicyDocument, Threshold
from communities.models.work import ChangeRecord, DirtyMark, Job, StoredAnswer

__all__ = [
    "ApiToken",
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
    "Exemption",
    "ExportFile",
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
    "RoleAssignment",
    "SavedView",
    "SignInRecord",
    "StoredAnswer",
    "Threshold",
    "User",
]
