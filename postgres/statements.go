package postgres

// statement is one of those that a decision's connection has prepared.
type statement int

const (
	stmtBegin statement = iota
	stmtSettings
	stmtBatchID
	stmtLock
	stmtLockFree
	stmtHolders
	stmtLoad
	stmtMeters
	stmtAddUsage
	stmtAddRates
	stmtSetUsage
	stmtAddDays
	stmtSecretsUsed
	stmtCommit
	stmtRollback
	stmtDigests
	stmtPurge
	stmtPurgeOld
	stmtReady
	stmtTokens
	statementCount
)

var statementSQL = [statementCount]string{
	stmtBegin:       "BEGIN ISOLATION LEVEL READ COMMITTED",
	stmtSettings:    settingsSQL,
	stmtBatchID:     batchIDSQL,
	stmtLock:        lockSQL,
	stmtLockFree:    lockFreeSQL,
	stmtHolders:     holdersSQL,
	stmtLoad:        loadSQL,
	stmtMeters:      metersSQL,
	stmtAddUsage:    addUsageSQL,
	stmtAddRates:    addRatesSQL,
	stmtSetUsage:    setUsageSQL,
	stmtAddDays:     addDaysSQL,
	stmtSecretsUsed: secretsUsedSQL,
	stmtCommit:      "COMMIT",
	stmtRollback:    "ROLLBACK",
	stmtDigests:     digestsSQL,
	stmtPurge:       purgeSQL,
	stmtPurgeOld:    purgeOldSQL,
	stmtReady:       readySQL,
	stmtTokens:      tokensSQL,
}
