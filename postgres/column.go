package postgres

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
)

var errColumn = errors.New("the database sent a column whose type differs from the schema")

// row reads the columns of a row in binary format, from left to right. Its
// error stays, so that it need be asked for only once per row.
type row struct {
	columns [][]byte
	next    int
	err     error
}

// take returns the next column, which must have a length unless it is NULL;
// length -1 is any.
func (r *row) take(length int) []byte {
	if r.next >= len(r.columns) {
		r.err = errColumn
		return nil
	}
	column := r.columns[r.next]
	r.next++
	if column != nil && length >= 0 && len(column) != length {
		r.err = errColumn
		return nil
	}
	return column
}

func (r *row) skip(columns int) { r.next += columns }

func (r *row) uuid() (id [16]byte) {
	copy(id[:], r.take(16))
	return id
}

func (r *row) text() string { return string(r.take(-1)) }

// char reads a "char", 0 for NULL.
func (r *row) char() byte {
	if column := r.take(1); column != nil {
		return column[0]
	}
	return 0
}

func (r *row) bool() bool {
	column := r.take(1)
	return len(column) == 1 && column[0] != 0
}

func (r *row) int() int64 {
	column := r.take(8)
	if column == nil {
		return 0
	}
	return int64(binary.BigEndian.Uint64(column))
}

func (r *row) date() ration.PeriodID {
	column := r.take(4)
	if column == nil {
		return 0
	}
	return ration.PeriodID(int32(binary.BigEndian.Uint32(column)) + postgresEpochDays)
}

// time reads a time; NULL, and the epoch in columns that can't be NULL, are the
// zero time.
func (r *row) time() time.Time {
	column := r.take(8)
	if column == nil {
		return time.Time{}
	}
	micros := int64(binary.BigEndian.Uint64(column)) + postgresEpoch
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func (r *row) hour() ration.PeriodID {
	if t := r.time(); !t.IsZero() {
		return ration.HourID(t)
	}
	return 0
}

// texts reads a text[] without NULLs; an empty one is nil.
func (r *row) texts() []string {
	column := r.take(-1)
	if len(column) < arrayHeaderLength {
		return nil
	}
	length := int(binary.BigEndian.Uint32(column[12:]))
	column = column[arrayHeaderLength:]
	texts := make([]string, 0, min(length, len(column)/4))
	for range length {
		if len(column) < 4 {
			r.err = errColumn
			return nil
		}
		size := int(int32(binary.BigEndian.Uint32(column)))
		column = column[4:]
		if size < 0 || size > len(column) {
			r.err = errColumn
			return nil
		}
		texts = append(texts, string(column[:size]))
		column = column[size:]
	}
	return texts
}

// prefixes reads an IP allow list. An entry that is no prefix is an error, for
// to leave it out of the list could open the key to every address.
func (r *row) prefixes() []netip.Prefix {
	texts := r.texts()
	if len(texts) == 0 {
		return nil
	}
	prefixes, err := parsePrefixes(texts)
	if err != nil {
		r.err = err
	}
	return prefixes
}

func parsePrefixes(texts []string) ([]netip.Prefix, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	prefixes := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

func (r *row) int32() int {
	column := r.take(4)
	if column == nil {
		return 0
	}
	return int(int32(binary.BigEndian.Uint32(column)))
}

// xid reads a transaction's id, 0 for NULL.
func (r *row) xid() xid { return xid(r.int32()) }
