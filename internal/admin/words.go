package admin

import "github.com/ration-dev/ration/rationadmin"

// The words of administration are those of package rationadmin. They have short names
// here, and their documentation there.
type (
	System              = rationadmin.System
	Instance            = rationadmin.Instance
	Database            = rationadmin.Database
	Instances           = rationadmin.Instances
	ServingInstance     = rationadmin.ServingInstance
	Listener            = rationadmin.Listener
	Operations          = rationadmin.Operations
	Config              = rationadmin.Config
	NewKey              = rationadmin.NewKey
	IssuedSecret        = rationadmin.IssuedSecret
	KeyReset            = rationadmin.KeyReset
	KeyResetDone        = rationadmin.KeyResetDone
	LimitReset          = rationadmin.LimitReset
	KeyRecord           = rationadmin.KeyRecord
	KeyStatus           = rationadmin.KeyStatus
	MeterUsage          = rationadmin.MeterUsage
	KeyPatch            = rationadmin.KeyPatch
	KeyFilter           = rationadmin.KeyFilter
	KeySort             = rationadmin.KeySort
	KeyPosition         = rationadmin.KeyPosition
	KeysPage            = rationadmin.KeysPage
	KeysLister          = rationadmin.KeysLister
	Unlimited           = rationadmin.Unlimited
	NoLimit             = rationadmin.NoLimit
	Today               = rationadmin.Today
	UnlimitedKeys       = rationadmin.UnlimitedKeys
	KeysChange          = rationadmin.KeysChange
	KeyAction           = rationadmin.KeyAction
	KeysChanged         = rationadmin.KeysChanged
	Rotation            = rationadmin.Rotation
	NewKeySecret        = rationadmin.NewKeySecret
	KeySecret           = rationadmin.KeySecret
	KeyRequest          = rationadmin.KeyRequest
	RequestState        = rationadmin.RequestState
	KeyRequestFilter    = rationadmin.KeyRequestFilter
	KeyApproval         = rationadmin.KeyApproval
	KeyRejection        = rationadmin.KeyRejection
	NewPickup           = rationadmin.NewPickup
	PickupLink          = rationadmin.PickupLink
	IssuedPickup        = rationadmin.IssuedPickup
	PickupError         = rationadmin.PickupError
	MeterUnit           = rationadmin.MeterUnit
	Meter               = rationadmin.Meter
	NewPlan             = rationadmin.NewPlan
	PlanPatch           = rationadmin.PlanPatch
	PlanPreview         = rationadmin.PlanPreview
	PlanPreviewed       = rationadmin.PlanPreviewed
	PreviewedMeter      = rationadmin.PreviewedMeter
	PreviewedLimit      = rationadmin.PreviewedLimit
	PreviewedKey        = rationadmin.PreviewedKey
	PreviewedKeyLimit   = rationadmin.PreviewedKeyLimit
	PreviewedPeriod     = rationadmin.PreviewedPeriod
	PlansApply          = rationadmin.PlansApply
	PlanAction          = rationadmin.PlanAction
	PlanApplied         = rationadmin.PlanApplied
	PlansApplied        = rationadmin.PlansApplied
	MeterApplied        = rationadmin.MeterApplied
	Token               = rationadmin.Token
	NewToken            = rationadmin.NewToken
	IssuedToken         = rationadmin.IssuedToken
	Session             = rationadmin.Session
	SessionFilter       = rationadmin.SessionFilter
	LoginMethod         = rationadmin.LoginMethod
	LoginLink           = rationadmin.LoginLink
	NewLoginLink        = rationadmin.NewLoginLink
	IssuedLoginLink     = rationadmin.IssuedLoginLink
	UsageFilter         = rationadmin.UsageFilter
	UsageDay            = rationadmin.UsageDay
	HourFilter          = rationadmin.HourFilter
	UsageHour           = rationadmin.UsageHour
	UsageGroup          = rationadmin.UsageGroup
	UsageQuestion       = rationadmin.UsageQuestion
	UsageSum            = rationadmin.UsageSum
	UsageReport         = rationadmin.UsageReport
	TrafficQuestion     = rationadmin.TrafficQuestion
	TrafficSum          = rationadmin.TrafficSum
	TrafficReport       = rationadmin.TrafficReport
	SummaryQuestion     = rationadmin.SummaryQuestion
	Summary             = rationadmin.Summary
	TopKey              = rationadmin.TopKey
	NearKey             = rationadmin.NearKey
	AuditEntry          = rationadmin.AuditEntry
	AuditFilter         = rationadmin.AuditFilter
	AuditPosition       = rationadmin.AuditPosition
	UsagePosition       = rationadmin.UsagePosition
	NameFilter          = rationadmin.NameFilter
	TokenFilter         = rationadmin.TokenFilter
	TokenPosition       = rationadmin.TokenPosition
	ReservationFilter   = rationadmin.ReservationFilter
	ReservationPosition = rationadmin.ReservationPosition
	ImportedKey         = rationadmin.ImportedKey
	KeysImport          = rationadmin.KeysImport
	KeysImported        = rationadmin.KeysImported
	ImportedDay         = rationadmin.ImportedDay
	UsageImport         = rationadmin.UsageImport
	UsageImported       = rationadmin.UsageImported
	ExplainQuestion     = rationadmin.ExplainQuestion
	Explanation         = rationadmin.Explanation
	LimitExplanation    = rationadmin.LimitExplanation
	OpenHold            = rationadmin.OpenHold
	DiagnoseOptions     = rationadmin.DiagnoseOptions
	FindingState        = rationadmin.FindingState
	Finding             = rationadmin.Finding
	UsageRepaired       = rationadmin.UsageRepaired
	SkippedKey          = rationadmin.SkippedKey
	ReconcileFilter     = rationadmin.ReconcileFilter
	Reconciliation      = rationadmin.Reconciliation
	Difference          = rationadmin.Difference
	NewJob              = rationadmin.NewJob
	Job                 = rationadmin.Job
	JobKind             = rationadmin.JobKind
	JobState            = rationadmin.JobState
	JobCounts           = rationadmin.JobCounts
	JobProblem          = rationadmin.JobProblem
	JobFilter           = rationadmin.JobFilter
)

// See package rationadmin.
const (
	SortByName         = rationadmin.SortByName
	SortByOwner        = rationadmin.SortByOwner
	UnlimitedAny       = rationadmin.UnlimitedAny
	UnlimitedMarked    = rationadmin.UnlimitedMarked
	UnlimitedUnmarked  = rationadmin.UnlimitedUnmarked
	ActionUpdate       = rationadmin.ActionUpdate
	ActionDisable      = rationadmin.ActionDisable
	ActionEnable       = rationadmin.ActionEnable
	ActionRevoke       = rationadmin.ActionRevoke
	DefaultSecretLabel = rationadmin.DefaultSecretLabel
	ScopeVerify        = rationadmin.ScopeVerify
	ScopeRead          = rationadmin.ScopeRead
	ScopeKeys          = rationadmin.ScopeKeys
	ScopeAdmin         = rationadmin.ScopeAdmin
	SessionDuration    = rationadmin.SessionDuration
	SessionIdle        = rationadmin.SessionIdle
	SessionRetention   = rationadmin.SessionRetention
	LoginLinkValid     = rationadmin.LoginLinkValid
	MaxLoginLinkValid  = rationadmin.MaxLoginLinkValid
	LoginByToken       = rationadmin.LoginByToken
	LoginByLink        = rationadmin.LoginByLink
	LoginByOIDC        = rationadmin.LoginByOIDC
	MaxKeysAtOnce      = rationadmin.MaxKeysAtOnce
	MaxDaysAtOnce      = rationadmin.MaxDaysAtOnce
	InstanceRetention  = rationadmin.InstanceRetention
	FindingOK          = rationadmin.FindingOK
	FindingWarning     = rationadmin.FindingWarning
	FindingProblem     = rationadmin.FindingProblem
	CheckAudit         = rationadmin.CheckAudit
	CheckUsage         = rationadmin.CheckUsage
	PlanCreated        = rationadmin.PlanCreated
	PlanUpdated        = rationadmin.PlanUpdated
	PlanUnchanged      = rationadmin.PlanUnchanged
	PlanDeleted        = rationadmin.PlanDeleted
	ByKey              = rationadmin.ByKey
	ByOwner            = rationadmin.ByOwner
	ByPlan             = rationadmin.ByPlan
	ByDay              = rationadmin.ByDay
	ByMonth            = rationadmin.ByMonth
	ByHour             = rationadmin.ByHour
	ByMeter            = rationadmin.ByMeter
	ByVia              = rationadmin.ByVia
	ByCode             = rationadmin.ByCode
	JobChangeKeys      = rationadmin.JobChangeKeys
	JobImportKeys      = rationadmin.JobImportKeys
	JobImportUsage     = rationadmin.JobImportUsage
	JobQueued          = rationadmin.JobQueued
	JobRunning         = rationadmin.JobRunning
	JobDone            = rationadmin.JobDone
	JobFailed          = rationadmin.JobFailed
	JobCancelled       = rationadmin.JobCancelled
	RequestPending     = rationadmin.RequestPending
	RequestApproved    = rationadmin.RequestApproved
	RequestRejected    = rationadmin.RequestRejected
	RequestPickedUp    = rationadmin.RequestPickedUp
	RequestExpired     = rationadmin.RequestExpired
	RequestWithdrawn   = rationadmin.RequestWithdrawn
	RequestLife        = rationadmin.RequestLife
	RequestRetention   = rationadmin.RequestRetention
	PickupLife         = rationadmin.PickupLife
	PickupRetention    = rationadmin.PickupRetention
)

// ReservationAt is that of package rationadmin.
var ReservationAt = rationadmin.ReservationAt

// AllKeys and FirstKeys are those of package rationadmin.
var (
	AllKeys   = rationadmin.AllKeys
	FirstKeys = rationadmin.FirstKeys
)

// ErrNoBackup is that of package rationadmin.
var ErrNoBackup = rationadmin.ErrNoBackup
