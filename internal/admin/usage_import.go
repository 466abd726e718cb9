package admin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ration-dev/ration"
)

// ImportUsage raises the usage of keys on some days to at least what was counted
// elsewhere, in one transaction. What was counted here meanwhile is not counted
// again, so an import that was interrupted can be repeated. A dry run takes the
// locks, because it must see what an import would see, and writes nothing.
//
// Errors besides those of [Operations]: ErrNotFound for an unknown key, with its row;
// ErrClockSuspect while the clock is in doubt.
func (s *Service) ImportUsage(ctx context.Context, actor string, usage UsageImport) (UsageImported, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, validateImport(&usage)); err != nil {
		return UsageImported{}, err
	}
	if err := s.checkRows(ctx, usage.Days); err != nil {
		return UsageImported{}, err
	}
	days, rows := make(map[ration.KeyID][]ImportedDay), make([]DayKey, len(usage.Days))
	for i, day := range usage.Days {
		day.LastRequestAt = toStored(day.LastRequestAt)
		days[day.KeyID], rows[i] = append(days[day.KeyID], day), dayKey(&day)
	}
	sums := make(map[ration.KeyID]UsageImported, len(days))
	result := func() UsageImported {
		total := UsageImported{Rows: len(usage.Days)}
		for _, sum := range sums {
			addImported(&total, sum)
		}
		return total
	}
	results(ctx, func() any { return result() })
	err = s.store.RaiseUsage(ctx, rows, func(raise *UsageRaise) (err error) {
		sums[raise.KeyID], err = raiseKey(by, raise, days[raise.KeyID])
		if err == nil && usage.DryRun {
			return ErrUnchanged
		}
		return err
	})
	if err != nil {
		return UsageImported{}, s.unknownRow(ctx, usage.Days, err)
	}
	return result(), nil
}

// checkRows returns an error for the first row whose key is out of reach: the one for
// a key that doesn't exist.
func (s *Service) checkRows(ctx context.Context, days []ImportedDay) error {
	ids := make([]ration.KeyID, len(days))
	for i := range days {
		ids[i] = days[i].KeyID
	}
	hidden, err := s.hidden(ctx, ids)
	for i := range days {
		if hidden[days[i].KeyID] {
			return inRow(days[i].Row, fmt.Errorf("%s: %w", days[i].KeyID, ration.ErrNotFound))
		}
	}
	return err
}

// unknownRow adds to an error of the store which row has the unknown key.
func (s *Service) unknownRow(ctx context.Context, days []ImportedDay, err error) error {
	if !errors.Is(err, ration.ErrNotFound) {
		return err
	}
	for _, day := range days {
		if _, found := s.store.Key(ctx, day.KeyID); errors.Is(found, ration.ErrNotFound) {
			return inRow(day.Row, err)
		}
	}
	return err
}

// FindKeys returns the keys that secrets belong to, in the order of the secrets, and
// the zero id for an unknown secret. It takes at most [MaxKeysAtOnce] secrets.
func (s *Service) FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error) {
	if err := CheckKeysAtOnce(len(secrets)); err != nil {
		return nil, err
	}
	digests := make([]ration.Digest, len(secrets))
	for i, secret := range secrets {
		digests[i] = secret.Digest(s.config.Pepper)
	}
	refs, err := s.store.ResolveDigests(ctx, digests)
	if err != nil {
		return nil, err
	}
	ids := make([]ration.KeyID, len(refs))
	for i, ref := range refs {
		ids[i] = ref.KeyID
	}
	hidden, err := s.hidden(ctx, ids)
	for i := range ids {
		if hidden[ids[i]] {
			ids[i] = ration.KeyID{}
		}
	}
	return ids, err
}

// FindAllKeys is FindKeys for any number of secrets.
func FindAllKeys(ctx context.Context, operations ImportOperations, secrets []ration.Secret) ([]ration.KeyID, error) {
	ids := make([]ration.KeyID, 0, len(secrets))
	for chunk := range slices.Chunk(secrets, importAtOnce) {
		found, err := operations.FindKeys(ctx, chunk)
		if err != nil {
			return nil, err
		}
		ids = append(ids, found...)
	}
	return ids, nil
}

// ImportAllUsage imports any number of days, chunk by chunk, so that charges go on in
// between. It first tries all of them without writing, so that faults are found
// before anything is written. After each chunk it calls progress with the number of
// days that it has looked at. With an error it also returns what was done before. To
// go on with the rest, make the same import again.
func ImportAllUsage(ctx context.Context, operations ImportOperations, actor string, usage UsageImport, progress func(done int)) (UsageImported, error) {
	usage.Days = slices.Clone(usage.Days)
	slices.SortStableFunc(usage.Days, func(a, b ImportedDay) int { return compareDays(dayKey(&a), dayKey(&b)) })
	if err := checkRepeats(usage.Days); err != nil {
		return UsageImported{}, err
	}
	would, err := importUsageChunks(ctx, operations, actor, UsageImport{Days: usage.Days, DryRun: true}, func(int) {})
	if err != nil || usage.DryRun {
		return would, err
	}
	done, err := importUsageChunks(ctx, operations, actor, usage, progress)
	if err != nil {
		err = fmt.Errorf("%d days were certainly raised before this; run the same import again to go on: %w", done.Raised, err)
	}
	return done, err
}

func importUsageChunks(ctx context.Context, operations ImportOperations, actor string, usage UsageImport, progress func(int)) (total UsageImported, err error) {
	for rest := usage.Days; len(rest) > 0; {
		size := chunkOfDays(rest)
		chunk, err := operations.ImportUsage(ctx, actor, UsageImport{Days: rest[:size], DryRun: usage.DryRun})
		if err != nil {
			return total, err
		}
		addImported(&total, chunk)
		rest = rest[size:]
		progress(len(usage.Days) - len(rest))
	}
	return total, nil
}

// chunkOfDays returns how many of the first days, which are in the order of their
// keys, one request imports.
func chunkOfDays(days []ImportedDay) int {
	keys := 0
	for i := range days {
		if i == 0 || days[i].KeyID != days[i-1].KeyID {
			keys++
		}
		if i == MaxDaysAtOnce || keys > importAtOnce {
			return i
		}
	}
	return len(days)
}

// validate checks what can be known without the keys.
func validateImport(u *UsageImport) error {
	if len(u.Days) > MaxDaysAtOnce {
		return &ration.InvalidError{Field: "days", Value: fmt.Sprintf("%d days", len(u.Days)), Reason: fmt.Sprintf("import at most %d at once", MaxDaysAtOnce)}
	}
	for i := range u.Days {
		if err := ValidateDay(&u.Days[i]); err != nil {
			return inRow(u.Days[i].Row, err)
		}
	}
	sorted := slices.Clone(u.Days)
	slices.SortStableFunc(sorted, func(a, b ImportedDay) int { return compareDays(dayKey(&a), dayKey(&b)) })
	return checkRepeats(sorted)
}

// ValidateDay returns an error unless a day can have been counted, whatever its key
// is. Its error is a [ration.InvalidError], and shows no meter: a wrong column of a
// file may hold secrets.
func ValidateDay(d *ImportedDay) error {
	first := labelAt(ration.PeriodDay, earliestCreation, time.UTC)
	switch {
	case ration.ValidateMeter(d.Meter) != nil:
		return &ration.InvalidError{Field: "meter", Reason: "a meter is 1 to 64 lower-case letters, digits, '_', '-' and '.', starting with a letter"}
	case d.Date < first || !d.Date.Date().Before(endOfTime):
		return &ration.InvalidError{Field: "date", Value: dateText(d.Date), Reason: "use a date between 1990 and today"}
	case d.Used < 0 || d.Unit == 0 && d.Used > ration.MaxUnits:
		return &ration.InvalidError{Field: "request_count", Value: d.Unit.Text(d.Used), Reason: fmt.Sprintf("use a whole number from 0 to %d", ration.MaxUnits)}
	case d.Unit > ration.MinUnit:
		return d.Unit.Validate()
	case !d.LastRequestAt.IsZero() && d.LastRequestAt.Before(earliestCreation):
		return &ration.InvalidError{Field: "last_request_at", Value: d.LastRequestAt.UTC().Format(time.RFC3339), Reason: "use a time between 1990 and now"}
	}
	return nil
}

func dayKey(d *ImportedDay) DayKey { return DayKey{d.KeyID, d.Meter, d.Date} }

func compareDays(a, b DayKey) int {
	return cmp.Or(slices.Compare(a.KeyID[:], b.KeyID[:]), cmp.Compare(a.Meter, b.Meter), cmp.Compare(a.Date, b.Date))
}

// checkRepeats refuses days that are there twice; they are sorted. Which of the two
// would be right nobody knows.
func checkRepeats(days []ImportedDay) error {
	for i := 1; i < len(days); i++ {
		if dayKey(&days[i]) == dayKey(&days[i-1]) {
			return inRow(days[i].Row, &ration.InvalidError{
				Field: "date", Value: dateText(days[i].Date), Reason: fmt.Sprintf("row %d has the same key, meter and date; add up the two", days[i-1].Row),
			})
		}
	}
	return nil
}

func inRow(row int, err error) error { return fmt.Errorf("row %d: %w", row, err) }

func addImported(u *UsageImported, more UsageImported) {
	u.Rows, u.Raised = u.Rows+more.Rows, u.Raised+more.Raised
	unit := max(u.Unit, more.Unit)
	u.Added, u.Unit = sumOf(unit.Of(u.Added, u.Unit), unit.Of(more.Added, more.Unit)), unit
}

// sumOf adds up counts that, of many keys together, may pass what an int64 holds.
func sumOf(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}
