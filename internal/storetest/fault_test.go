package storetest_test

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/internal/ledger"
)

// fault is something that a store in memory does wrong on purpose.
type fault string

const (
	readsBeforeTheLock    fault = "reads usage before the lock"
	timesBeforeTheLock    fault = "reads the clock before the lock"
	remembersKeys         fault = "remembers keys"
	remembersUsage        fault = "remembers usage that administration has changed"
	remembersTokens       fault = "remembers tokens that were revoked"
	checksTokensEarly     fault = "checks tokens before the lock"
	chargesDryRuns        fault = "charges dry runs"
	forgetsDenials        fault = "forgets denials"
	forgetsHours          fault = "forgets hours that are over"
	overwritesCounts      fault = "overwrites counts"
	storesHalfABatch      fault = "stores half a batch"
	answersByKey          fault = "answers by key"
	keepsHistoryInUTC     fault = "keeps history in UTC"
	logsWhatFailed        fault = "logs what failed"
	writesWhatIsUnchanged fault = "writes what is unchanged"
	handsDigestsOn        fault = "hands digests on"
	roundsTimes           fault = "rounds times"
	keepsHalfAChunk       fault = "keeps half a chunk"
	changesAnyNumber      fault = "changes any number of keys at once"
	changesTheWholePlan   fault = "changes the whole plan"
	buriesLimits          fault = "loses what is beneath a temporary limit"
	forgetsQuantities     fault = "forgets the quantities that rates were kept by"
	forgetsChanges        fault = "forgets when limits changed"
	importsAgain          fault = "imports usage again"
	raisesHistoryAlone    fault = "raises history alone"
	startsAtMidnightUTC   fault = "starts scheduled limits at midnight UTC"
	losesSetAside         fault = "gives back again what a reset has set aside"

	neverEndsLeases        fault = "never ends leases"
	forgetsEnds            fault = "forgets ends"
	readsHoldsEarly        fault = "reads reservations before the lock"
	neverReleases          fault = "never releases what was reserved"
	postsToTheRunningDay   fault = "posts to the running periods"
	expiresAsIfReleased    fault = "releases what expires"
	leavesWhatIsDue        fault = "leaves what is due"
	readsWhatIsDueOnly     fault = "reads only the open reservations that are due"
	decidesHalfAnew        fault = "decides half of a batch anew"
	forgetsCharges         fault = "forgets charges"
	forgetsChargesEarly    fault = "forgets charges early"
	sharesIdempotencyKeys  fault = "shares idempotency keys"
	keepsFreedKeys         fault = "keeps freed idempotency keys"
	refundsToTheRunningDay fault = "refunds to the running periods"
	takesRefundsForUse     fault = "takes refunds for use"
	countsNoRefunds        fault = "counts no refunds"
	countsRefundedCharges  fault = "counts charges as units given back"
	refundsRequestsAlone   fault = "counts what was given back of requests alone"
	refundsDaysAlone       fault = "counts what was given back in days alone"
	refundsOneForAll       fault = "counts all periods as one that was given back in"
	repairsForgetRefunds   fault = "forgets in a repair what was given back"

	forgetsOrigins     fault = "forgets where changes come from"
	notesEachUse       fault = "notes each use of a token"
	usesLinksAgain     fault = "uses login links again"
	changesUnitsInUse  fault = "changes units in use"
	forgetsUnits       fault = "forgets units"
	makesItAgain       fault = "makes a change again"
	remembersForEver   fault = "remembers changes for ever"
	remembersFailures  fault = "remembers changes that failed"
	remembersInstances fault = "remembers instances for ever"
	forgetsLeases      fault = "forgets leases in a summary"
	losesEndsOfParts   fault = "loses the last key of a part"
	pagesByNumber      fault = "begins a page after as many rows as were listed"

	countsAnswersAgain fault = "counts answers that are written again"

	usesPickupsAgain fault = "uses pickup links again"
	deletesUsedKeys  fault = "deletes keys that were used with their requests"
	forgetsWhoAsked  fault = "lists requests whatever the reach"
	decidesOverAgain fault = "lets the last decision win"

	deletesByUTC    fault = "deletes days by UTC alone"
	deletesHeldDays fault = "deletes days that are reserved on"
	importsDeleted  fault = "imports deleted days again"

	tellsAgain fault = "tells thresholds again"

	losesAnswered fault = "loses what was answered in a crash"
	keepsHalf     fault = "keeps half of a batch in a crash"
)

// faultVariable names the fault to a process that runs the suite.
const faultVariable = "RATION_TEST_FAULT"

// TestSuiteNoticesFaults runs the part of the suite that should notice a fault,
// in a process of its own, and wants that test to fail.
func TestSuiteNoticesFaults(t *testing.T) {
	for fault, noticedBy := range map[fault]string{
		losesEndsOfParts:       "History/the sums of the parts of a day are those of the day",
		readsBeforeTheLock:     "Concurrency", // by which of its tests is a matter of timing
		timesBeforeTheLock:     "Locks/a waiting batch sees what time it has become",
		forgetsOrigins:         "Audit/an entry says from where the change came, and with which token",
		forgetsLeases:          "Summary/what is in flight counts",
		remembersInstances:     "Instances/an instance that was not seen for a day is forgotten",
		usesLinksAgain:         "Sessions/a login link begins one session, at whatever instance",
		notesEachUse:           "Tokens/the last use is written at most once a minute",
		remembersKeys:          "Access/a key's status holds from the next decision on",
		remembersUsage:         "Resets/a reset begins every limit's count anew and keeps the history",
		remembersTokens:        "Tokens/a charge is decided in the name of a valid token alone",
		chargesDryRuns:         "Decisions/a dry run changes nothing",
		forgetsDenials:         "Decisions/a denial is counted and changes nothing else",
		forgetsHours:           "Hours/an hour that is over stays in the history",
		overwritesCounts:       "Periods/all periods run for every meter, limited or not",
		storesHalfABatch:       "Batches/a charge that can't be stored breaks its batch and charges nothing",
		answersByKey:           "Batches/the most keys in one batch",
		keepsHistoryInUTC:      "Periods/a zone change lengthens a day and never gives a second quota",
		logsWhatFailed:         "Audit/what failed leaves none",
		writesWhatIsUnchanged:  "Keys/an update that changes nothing writes nothing",
		handsDigestsOn:         "Keys/a taken digest stays with its first key",
		roundsTimes:            "Keys/a key comes back as it was stored",
		keepsHalfAChunk:        "ManyKeys/an error at any key of a chunk changes none",
		changesAnyNumber:       "ManyKeys/more keys than one transaction may change are refused",
		changesTheWholePlan:    "ManyKeys/a change of some keys leaves all others as they were",
		buriesLimits:           "Overrides/a temporary override gives way to the lasting one beneath it",
		forgetsQuantities:      "Rates/a raised rate owes the units that were used",
		neverEndsLeases:        "InFlight/a slot is free again when its charge ends",
		forgetsChanges:         "Rates/a rate gives back at the quantity that holds at each time",
		forgetsEnds:            "Reservations/the same end again gets the same answer and changes nothing",
		readsHoldsEarly:        "Reservations/of ends that race exactly one happens",
		neverReleases:          "Reservations/a void gives all back",
		postsToTheRunningDay:   "Reservations/a settlement after midnight belongs to the day of the request",
		expiresAsIfReleased:    "Reservations/a reservation that expires keeps or releases what it held",
		leavesWhatIsDue:        "Reservations/a charge that has no room first ends what is due",
		readsWhatIsDueOnly:     "Future/a denial ends when reservations release enough",
		decidesHalfAnew:        "Reservations/charges and ends of one batch are decided anew where something is due",
		countsAnswersAgain:     "Traffic/counts of several instances add up, and what is written again does not",
		usesPickupsAgain:       "Asked/a change that fails uses no link up",
		deletesUsedKeys:        "Asked/a request whose key was used is deleted without it",
		forgetsWhoAsked:        "Asked/requests out of reach are not listed",
		tellsAgain:             "Events/a threshold is told once in each period",
		decidesOverAgain:       "Asked/of several who decide at once, one does",
		deletesByUTC:           "Retention/a day is kept for as long in every time zone",
		deletesHeldDays:        "Retention/a day is kept while a reservation may be settled to it",
		importsDeleted:         "Retention/usage of deleted days is not imported again",
		forgetsCharges:         "Idempotency/of charges that are sent at once one is charged",
		forgetsChargesEarly:    "Idempotency/a charge is forgotten after its retention",
		sharesIdempotencyKeys:  "Idempotency/an idempotency key belongs to one key",
		checksTokensEarly:      "Tokens/a batch that waits sees that its token was revoked",
		keepsFreedKeys:         "Refunds/a refund frees the idempotency key",
		refundsToTheRunningDay: "Refunds/a refund after midnight leaves the new day alone",
		takesRefundsForUse:     "Refunds/a refund gives back what was charged, but of rates",
		countsNoRefunds:        "Refunds/of what no quota bounds a thousand charges a day are given back",
		countsRefundedCharges:  "Refunds/failing on purpose buys a tenth, whatever it costs",
		refundsRequestsAlone:   "Refunds/failing on purpose buys a tenth, whatever it costs",
		refundsDaysAlone:       "Refunds/failing on purpose buys a tenth, whatever it costs",
		refundsOneForAll:       "Refunds/each period gives back a tenth of its own",
		repairsForgetRefunds:   "Repair/a repair keeps what was given back",
		losesAnswered:          "Random",
		changesUnitsInUse:      "Meters/a unit stays while something counts in it",
		forgetsUnits:           "Meters/a meter is counted in its unit",
		keepsHalf:              "Random",
		makesItAgain:           "Once/a change that is asked for again is made once, and keeps its answer",
		remembersForEver:       "Once/an answer is kept for 24 hours",
		remembersFailures:      "Once/a change that failed is made when it is asked for again",
		pagesByNumber:          "Lists/entries of the audit log come once each, whatever is written between pages",
		importsAgain:           "Imports/days are raised to what was counted elsewhere, once",
		startsAtMidnightUTC:    "NextPeriod/changes of one limit follow one another",
		losesSetAside:          "Resets/what was charged before a reset doesn't change the new count when it is given back",
		raisesHistoryAlone:     "Imports/the running day is the same in usage and in history",
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(noticedBy, " ", "_")
			group, _, _ := strings.Cut(name, "/")
			var output []byte
			var err error
			// One run of random histories in fifty draws nothing that shows the fault.
			for run := 0; run < 5 && err == nil; run++ {
				command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSuiteWithSeveralInstances$/^"+group+"$", "-rapid.nofailfile", "-rapid.shrinktime=2s")
				command.Env = append(os.Environ(), faultVariable+"="+string(fault))
				output, err = command.CombinedOutput()
			}
			if want := "--- FAIL: TestSuiteWithSeveralInstances/" + name + " "; err == nil || !strings.Contains(string(output), want) {
				t.Errorf("a store that %s passes (%v):\n%s", fault, err, output)
			}
		})
	}
}

// seen is all about a key that a decision depends on.
type seen struct {
	record admin.KeyRecord
	plan   ration.Plan
	usage  ledger.Usage
}

// read reads a batch's keys before its locks are taken, as a fault wants it, and
// lets others do the same.
func (m *memory) read(batch ration.Batch) map[ration.KeyID]seen {
	defer func() {
		for range 50 {
			runtime.Gosched()
		}
	}()
	m.mu.Lock()
	defer m.mu.Unlock()
	states := map[ration.KeyID]seen{}
	for _, item := range batch.Items {
		record := m.keys[item.KeyID]
		if record == nil {
			continue
		}
		if m.remembered[item.KeyID] == nil || m.fault != remembersKeys {
			first := copyRecord(*record)
			m.remembered[item.KeyID] = &first
		}
		states[item.KeyID] = m.see(m.remembered[item.KeyID])
	}
	return states
}

func (m *memory) see(record *admin.KeyRecord) seen {
	m.plansMu.Lock()
	defer m.plansMu.Unlock()
	return seen{copyRecord(*record), m.plans[record.Plan], m.usage[record.ID].Clone()}
}
