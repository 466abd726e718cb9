package sqlite

import (
	"cmp"
	"context"
	testflag "flag"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// In tests, each decision holds what is remembered of its keys, and of all tokens and
// meters, against what is kept. Benchmarks measure the memory as it is.
func init() {
	recalled = func(ctx context.Context, tx *tx, keys []ration.KeyID) error {
		if measured := testflag.Lookup("test.bench"); measured != nil && measured.Value.String() != "" {
			return nil
		}
		return tx.compareMemory(ctx, keys)
	}
}

// compareMemory fails if something is remembered that is not so.
func (tx *tx) compareMemory(ctx context.Context, keys []ration.KeyID) error {
	keys = slices.DeleteFunc(slices.Clone(keys), func(id ration.KeyID) bool { return tx.memory.keys[id] == nil })
	read := &memory{}
	if err := tx.readInto(ctx, read, keys); err != nil {
		return err
	}
	for _, id := range keys {
		if read.keys[id] == nil {
			return fmt.Errorf("%s is remembered and does not exist", id)
		}
		if err := sameKey(tx, tx.memory.keys[id], read.keys[id]); err != nil {
			return fmt.Errorf("%s is not remembered as it is: %w", id, err)
		}
	}
	tokens := tx.memory.tokens
	if len(tokens) > 0 {
		kept := make(map[ration.Digest]validity)
		err := queryList(ctx, tx.conn, validityByDigest, digestBlobs(slices.Collect(maps.Keys(tokens))), func(r *row) error {
			columns := &columns{row: r}
			kept[columns.Digest()] = validity{expiresAt: columns.Time(), revokedAt: columns.Time()}
			return nil
		})
		if err != nil || !reflect.DeepEqual(tokens, kept) {
			return fmt.Errorf("tokens are remembered as %v and are %v: %w", tokens, kept, err)
		}
	}
	if units := tx.memory.units; len(units) > 0 {
		kept := make(ledger.Units)
		fresh := *tx
		fresh.memory = &memory{}
		err := fresh.unitsOf(ctx, slices.Collect(maps.Keys(units)), kept)
		if err != nil || !reflect.DeepEqual(units, fresh.memory.units) {
			return fmt.Errorf("units are remembered as %v and are %v: %w", units, fresh.memory.units, err)
		}
	}
	return nil
}

func (tx *tx) readInto(ctx context.Context, memory *memory, keys []ration.KeyID) error {
	fresh := *tx
	fresh.memory = memory
	return fresh.readAccounts(ctx, keys, make(map[ration.KeyID]*ledger.Account))
}

func sameKey(tx *tx, remembered, kept *keyMemory) error {
	was, err := remembered.policyAt(tx.now)
	if err != nil {
		return err
	}
	is, err := kept.policyAt(tx.now)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(was, is) {
		return fmt.Errorf("its policy was %+v and is %+v", was, is)
	}
	if was, is := byMeter(remembered.usage), byMeter(kept.usage); !reflect.DeepEqual(was, is) {
		return fmt.Errorf("its usage was %+v and is %+v", was, is)
	}
	return nil
}

func byMeter(usage ledger.Usage) ledger.Usage {
	sorted := slices.Clone(usage)
	for i := range sorted {
		sorted[i].InFlight = 0 // which is counted anew where it matters
	}
	slices.SortFunc(sorted, func(a, b ledger.MeterUsage) int { return cmp.Compare(a.Meter, b.Meter) })
	return sorted
}

// CompareMemory fails if something is remembered that is not so. It returns how many keys
// are remembered.
func (s *Store) CompareMemory(ctx context.Context) (keys int, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *tx) error {
		keys = len(tx.memory.keys)
		if err := tx.compareMemory(ctx, slices.Collect(maps.Keys(tx.memory.keys))); err != nil {
			return err
		}
		return errNothingToCommit
	})
	return keys, err
}

// WithoutForgetting does something of which the memory then has noticed nothing, as that of
// a faulty build. It must not charge.
func (s *Store) WithoutForgetting(ctx context.Context, do func() error) error {
	remembered, err := s.swapMemory(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	_, err = s.swapMemory(ctx, &remembered)
	return err
}

// swapMemory returns the memory, and puts another one in its place unless that is nil.
func (s *Store) swapMemory(ctx context.Context, other *memory) (was memory, err error) {
	writer, err := s.take(ctx, s.writer)
	if err != nil {
		return was, err
	}
	defer func() { s.writer <- writer }()
	was = s.memory
	if other != nil {
		s.memory = *other
		s.memory.version, err = writer.number(ctx, "PRAGMA data_version")
	}
	return was, err
}

// Remembered returns what is remembered: the keys that were used last come first.
func (s *Store) Remembered(ctx context.Context) (keys []ration.KeyID, parts int, err error) {
	m, err := s.swapMemory(ctx, nil)
	if m.keys != nil {
		for k := m.recent.next; k != &s.memory.recent; k = k.next {
			keys = append(keys, k.id)
		}
	}
	return keys, m.parts, err
}

// MostParts bounds what is remembered of keys.
const MostParts = mostParts

// RememberedTables are tables of which rows are remembered.
var RememberedTables = rememberedTables

// Forgets reports whether a statement makes the memory forget keys, and tokens.
func Forgets(statement string) (keys, tokens bool) {
	changed := changeBy(statement)
	return changed&changesAny != 0, changed != 0
}

// MemoryQueries are the queries whose answers are remembered.
func MemoryQueries() []string {
	return []string{decisionKeys[0], decisionSecrets[0], keyUsage[0], keyOverrides[0], keyOverridesBeneath[0], plansWithLimits[0], meterUnits[0], validityByDigest[0]}
}
