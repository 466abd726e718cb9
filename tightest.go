package ration

import (
	"cmp"
	"math/bits"
)

// Tightest returns the limit that an answer tells of where it has room for one only,
// in a header field, a body or a text; nil if there are no limits. If limits refused,
// it is the one that refuses for the longest time. Otherwise it is the one with the
// smallest part of its units remaining, and of equal ones the last, which has the
// longest period in a [Decision]. It points into limits.
func Tightest(limits []LimitStatus) *LimitStatus {
	var tightest *LimitStatus
	for i := range limits {
		if tightest == nil || limits[i].isTighter(tightest) {
			tightest = &limits[i]
		}
	}
	return tightest
}

// isTighter reports whether s, which comes after other, is told of in its place.
func (s *LimitStatus) isTighter(other *LimitStatus) bool {
	switch {
	case s.Exceeded != other.Exceeded:
		return s.Exceeded
	case (s.Kind == KindConcurrent) != (other.Kind == KindConcurrent): // its slot is free again when the answer has ended
		return other.Kind == KindConcurrent
	case !s.Exceeded:
		return s.comparePart(other) <= 0
	case s.ResetsAt.IsZero() != other.ResetsAt.IsZero():
		return s.ResetsAt.IsZero()
	}
	return s.ResetsAt.After(other.ResetsAt)
}

// comparePart compares which part of their units remains of two limits: nothing, of a
// limit of 0.
func (s *LimitStatus) comparePart(other *LimitStatus) int {
	// a/b < c/d is a*d < c*b, and no product of two amounts is beyond 128 bits.
	high, low := bits.Mul64(uint64(s.Remaining), uint64(max(other.Size(), 1)))
	otherHigh, otherLow := bits.Mul64(uint64(other.Remaining), uint64(max(s.Size(), 1)))
	if high != otherHigh {
		return cmp.Compare(high, otherHigh)
	}
	return cmp.Compare(low, otherLow)
}
