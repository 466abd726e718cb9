package postgres

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ration-dev/ration"
)

const (
	// postgresEpoch is 2000-01-01T00:00:00Z, PostgreSQL's zero, in Unix microseconds.
	postgresEpoch = 946_684_800_000_000
	// postgresEpochDays is the same in days.
	postgresEpochDays = 10957

	arrayHeaderLength = 20
)

// array builds a one-dimensional array parameter in binary format. It is built
// by hand because a batch has thousands of elements, and reused because they
// are the same from batch to batch.
type array struct {
	element uint32 // OID of the elements' type
	length  uint32
	nulls   bool
	data    []byte
}

func newArray(element uint32) array {
	return array{element: element, data: make([]byte, arrayHeaderLength, 1024)}
}

func newUUIDs() array   { return newArray(pgtype.UUIDOID) }
func newTexts() array   { return newArray(pgtype.TextOID) }
func newInts() array    { return newArray(pgtype.Int8OID) }
func newDates() array   { return newArray(pgtype.DateOID) }
func newTimes() array   { return newArray(pgtype.TimestamptzOID) }
func newXIDs() array    { return newArray(pgtype.XIDOID) }
func newDigests() array { return newArray(pgtype.ByteaOID) }

func (a *array) reset() {
	a.data = a.data[:arrayHeaderLength]
	a.length, a.nulls = 0, false
}

// param returns the parameter. It is valid until the next reset.
func (a *array) param() []byte {
	header := a.data[:0]
	header = binary.BigEndian.AppendUint32(header, 1) // dimensions
	var nulls uint32
	if a.nulls {
		nulls = 1
	}
	header = binary.BigEndian.AppendUint32(header, nulls)
	header = binary.BigEndian.AppendUint32(header, a.element)
	header = binary.BigEndian.AppendUint32(header, a.length)
	binary.BigEndian.AppendUint32(header, 1) // lower bound
	return a.data
}

func (a *array) addUUID(id [16]byte) {
	a.length++
	a.data = binary.BigEndian.AppendUint32(a.data, 16)
	a.data = append(a.data, id[:]...)
}

func (a *array) addText(text string) {
	a.length++
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(len(text)))
	a.data = append(a.data, text...)
}

func (a *array) addBytes(bytes []byte) {
	a.length++
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(len(bytes)))
	a.data = append(a.data, bytes...)
}

func (a *array) addInt(n int64) {
	a.length++
	a.data = binary.BigEndian.AppendUint32(a.data, 8)
	a.data = binary.BigEndian.AppendUint64(a.data, uint64(n))
}

func (a *array) addXID(id xid) {
	a.length++
	a.data = binary.BigEndian.AppendUint32(a.data, 4)
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(id))
}

func (a *array) addDate(periodID ration.PeriodID) {
	a.length++
	a.data = binary.BigEndian.AppendUint32(a.data, 4)
	a.data = binary.BigEndian.AppendUint32(a.data, uint32(int32(periodID)-postgresEpochDays))
}

// addTime adds a time to a NOT NULL column, where the zero time is the epoch.
func (a *array) addTime(t time.Time) {
	if t.IsZero() {
		a.addInt(-postgresEpoch)
		return
	}
	a.addInt(t.UnixMicro() - postgresEpoch)
}

// addTimeOrNull adds a time, where the zero time is NULL.
func (a *array) addTimeOrNull(t time.Time) {
	if t.IsZero() {
		a.addNull()
	} else {
		a.addTime(t)
	}
}

// addTextOrNull adds a text, where the empty one is NULL.
func (a *array) addTextOrNull(text string) {
	if text == "" {
		a.addNull()
	} else {
		a.addText(text)
	}
}

func (a *array) addNull() {
	a.length++
	a.nulls = true
	a.data = binary.BigEndian.AppendUint32(a.data, 0xffffffff)
}

// paramsOf returns the parameters of a statement, with room for one more.
func paramsOf(arrays []array) [][]byte {
	params := make([][]byte, 0, len(arrays)+1)
	for i := range arrays {
		params = append(params, arrays[i].param())
	}
	return params
}

func timeParam(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMicro()-postgresEpoch))
}

func int64Param(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

func boolParam(b bool) []byte {
	if b {
		return []byte{1}
	}
	return []byte{0}
}

func float64Param(f float64) []byte {
	return binary.BigEndian.AppendUint64(nil, math.Float64bits(f))
}
