package history

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Check returns what is wrong with the charges of one key, given its quota and
// what the database has recorded in the end, when nothing was under way any more.
// It takes time in proportion to n log n.
func Check(operations []Operation, limit, recorded int64) error {
	return errors.Join(
		checkSums(operations, limit, recorded),
		checkValues(operations, limit, recorded),
		checkOrder(operations),
		checkDenials(operations, limit),
	)
}

// checkSums: what was admitted is recorded, and no more than what may have been.
func checkSums(operations []Operation, limit, recorded int64) error {
	admitted, unknown := count(operations, Admitted), count(operations, Unknown)
	switch {
	case recorded < admitted:
		return fmt.Errorf("%d were admitted and only %d are recorded", admitted, recorded)
	case recorded > admitted+unknown:
		return fmt.Errorf("%d are recorded; %d were admitted and %d are unknown", recorded, admitted, unknown)
	case recorded > limit:
		return fmt.Errorf("%d are recorded, over the limit of %d", recorded, limit)
	}
	return nil
}

// checkValues: each admitted charge was a unit of its own.
func checkValues(operations []Operation, limit, recorded int64) error {
	seen := make(map[int64]bool)
	var errs []error
	for i := range operations {
		op := &operations[i]
		if op.Outcome != Admitted {
			continue
		}
		if seen[op.Used] {
			errs = append(errs, fmt.Errorf("two charges were told that theirs is unit %d", op.Used))
		}
		if op.Used < 1 || op.Used > min(limit, recorded) {
			errs = append(errs, fmt.Errorf("a charge was told that its is unit %d; the limit is %d and %d are recorded", op.Used, limit, recorded))
		}
		seen[op.Used] = true
	}
	return errors.Join(errs...)
}

// checkOrder: whoever called after another had its answer was told of a later
// unit, and was not admitted if the other was denied.
func checkOrder(operations []Operation) error {
	byCall := decided(operations, func(op *Operation) time.Duration { return op.Called })
	byReturn := decided(operations, func(op *Operation) time.Duration { return op.Returned })
	var errs []error
	var latest int64 // of what had been told before a call
	denied := false
	for _, op := range byCall {
		for len(byReturn) > 0 && byReturn[0].Returned < op.Called {
			latest = max(latest, byReturn[0].Used)
			denied = denied || byReturn[0].Outcome == Denied
			byReturn = byReturn[1:]
		}
		switch {
		case op.Outcome == Admitted && op.Used <= latest, op.Used < latest:
			errs = append(errs, fmt.Errorf("a charge was told of %d used after another had been told of %d", op.Used, latest))
		case op.Outcome == Admitted && denied:
			errs = append(errs, fmt.Errorf("unit %d was admitted after another charge had been denied", op.Used))
		}
	}
	return errors.Join(errs...)
}

// checkDenials: who was denied found the quota used up, by charges that had begun.
func checkDenials(operations []Operation, limit int64) error {
	byReturn := decided(operations, func(op *Operation) time.Duration { return op.Returned })
	var begun []time.Duration // of charges that may have been counted
	for i := range operations {
		if op := &operations[i]; op.Outcome == Admitted || op.Outcome == Unknown {
			begun = append(begun, op.Called)
		}
	}
	slices.Sort(begun)
	var errs []error
	for _, op := range byReturn {
		if op.Outcome != Denied {
			continue
		}
		possible, _ := slices.BinarySearch(begun, op.Returned)
		if op.Used != limit || int64(possible) < limit {
			errs = append(errs, fmt.Errorf("a charge was denied with %d used of %d, when %d charges had begun", op.Used, limit, possible))
		}
	}
	return errors.Join(errs...)
}

// decided returns the operations that have a decision, in order of a time.
func decided(operations []Operation, at func(*Operation) time.Duration) []*Operation {
	var found []*Operation
	for i := range operations {
		if op := &operations[i]; op.Outcome == Admitted || op.Outcome == Denied {
			found = append(found, op)
		}
	}
	slices.SortFunc(found, func(a, b *Operation) int { return cmp.Compare(at(a), at(b)) })
	return found
}
