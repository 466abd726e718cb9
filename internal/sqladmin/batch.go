package sqladmin

// Batch has statements that change something and are sent together.
type Batch struct{ Statements []Statement }

// Statement is one statement of a batch.
type Statement struct {
	SQL     string
	Args    []any // of the types that [Reader.Query] takes
	One     bool  // it must write exactly one row
	Meaning Meaning
}

// Meaning has the errors of a statement that fails because of what is in the
// database. Nil: the database's own error.
type Meaning struct {
	Taken    error // a row with the same unique columns exists
	Referred error // a foreign key forbids the change
	Missing  error // there was no row to write
	Locked   error // another transaction kept the statement waiting; the database's own error comes with it
}

// Add adds a statement that may write any number of rows.
func (b *Batch) Add(sql string, args ...any) {
	b.Statements = append(b.Statements, Statement{SQL: sql, Args: args})
}

// AddOne adds a statement that must write exactly one row. If a trigger, a rule or
// row security withholds the row, it must not be reported as written, so the
// statement fails: with [ration.ErrStoreUnavailable], unless meaning has another
// error for that.
func (b *Batch) AddOne(meaning Meaning, sql string, args ...any) {
	b.Statements = append(b.Statements, Statement{SQL: sql, Args: args, One: true, Meaning: meaning})
}

// Of returns the error that an error of the database means.
func (m Meaning) Of(err error, taken, referred bool) error {
	switch {
	case taken && m.Taken != nil:
		return m.Taken
	case referred && m.Referred != nil:
		return m.Referred
	}
	return err
}
