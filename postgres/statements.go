package postgres

// statement is one of those that a decision's connection has prepared.
type statement int

const (
	stmtBegin statement = iota
	stmtSettings
	stmtUnwatched
	stmtBatchID
	stmtLock
	stmtLockFree
	stmtHolders
	stmtLoad
	stmtMeters
	stmtOtherMeters
	stmtUnits
	stmtLockMeters
	stmtNamedReservations
	stmtReplays
	stmtRefunds
	stmtRefunded
	stmtInOrder
	stmtOpen
	stmtHeldSettings
	stmtAddKnown
	stmtAddKnownRates
	stmtHeld
	stmtAddUsage
	stmtAddRates
	stmtSetUsage
	stmtNewUsage
	stmtPostUsage
	stmtSetBegun
	stmtAddDays
	stmtPostDays
	stmtAddHours
	stmtRefund
	stmtSecretsUsed
	stmtNewReservations
	stmtEndReservations
	stmtEndLeases
	stmtPutLeases
	stmtForgetReplays
	stmtRememberReplays
	stmtLog
	stmtEvents
	stmtCommit
	stmtRollback
	stmtDigests
	stmtPurge
	stmtPurgeOld
	stmtPurgeReservations
	stmtPurgeReplays
	stmtPurgeRefunds
	stmtPurgeLeases
	stmtPurgeAnswers
	stmtPurgeHours
	stmtReady
	stmtTables
	stmtWaiting
	stmtTokens
	stmtValidity
	statementCount
)

var statementSQL = [statementCount]string{
	stmtBegin:             "BEGIN ISOLATION LEVEL READ COMMITTED",
	stmtSettings:          settingsSQL,
	stmtUnwatched:         unwatched(settingsSQL),
	stmtBatchID:           batchIDSQL,
	stmtLock:              lockSQL,
	stmtLockFree:          lockFreeSQL,
	stmtHolders:           holdersSQL,
	stmtLoad:              loadSQL,
	stmtMeters:            metersSQL,
	stmtOtherMeters:       otherMetersSQL,
	stmtUnits:             unitsSQL,
	stmtLockMeters:        lockMetersSQL,
	stmtNamedReservations: namedReservationsSQL,
	stmtReplays:           replaysSQL,
	stmtRefunds:           refundsSQL,
	stmtRefunded:          refundedSQL,
	stmtInOrder:           inOrderSQL,
	stmtOpen:              openSQL,
	stmtHeldSettings:      heldSettingsSQL,
	stmtAddKnown:          addKnownSQL,
	stmtAddKnownRates:     addKnownRatesSQL,
	stmtHeld:              heldSQL,
	stmtAddUsage:          addUsageSQL,
	stmtAddRates:          addRatesSQL,
	stmtSetUsage:          setUsageSQL,
	stmtNewUsage:          newUsageSQL,
	stmtPostUsage:         postUsageSQL,
	stmtSetBegun:          setBegunSQL,
	stmtAddDays:           addDaysSQL,
	stmtPostDays:          postDaysSQL,
	stmtAddHours:          addHoursSQL,
	stmtRefund:            refundSQL,
	stmtSecretsUsed:       secretsUsedSQL,
	stmtNewReservations:   newReservationsSQL,
	stmtEndReservations:   endReservationsSQL,
	stmtEndLeases:         endLeasesSQL,
	stmtPutLeases:         putLeasesSQL,
	stmtForgetReplays:     forgetReplaysSQL,
	stmtRememberReplays:   rememberReplaysSQL,
	stmtLog:               insertLogSQL,
	stmtEvents:            eventsSQL,
	stmtCommit:            "COMMIT",
	stmtRollback:          "ROLLBACK",
	stmtDigests:           digestsSQL,
	stmtPurge:             purgeSQL,
	stmtPurgeOld:          purgeOldSQL,
	stmtPurgeReservations: purgeReservationsSQL,
	stmtPurgeReplays:      purgeReplaysSQL,
	stmtPurgeRefunds:      purgeRefundsSQL,
	stmtPurgeLeases:       purgeLeasesSQL,
	stmtPurgeAnswers:      purgeAnswersSQL,
	stmtPurgeHours:        purgeHoursSQL,
	stmtReady:             readySQL,
	stmtTables:            tablesSQL,
	stmtWaiting:           waitingSQL,
	stmtTokens:            tokensSQL,
	stmtValidity:          validitySQL,
}
