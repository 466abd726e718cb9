package sqladmin

// Batch is statements that change something and travel together.
type Batch struct{ Statements []Statement }

// Statement is one of a batch.
type Statement struct {
	SQL     string
	Args    []any // as those of [Reader.Query]
	One     bool  // it has to write one row
	Meaning Meaning
}

// Meaning says what it means that a statement fails for what is in the database. A
// nil error leaves the database's own.
type Meaning struct {
	Taken    error // there is a row with the same unique columns
	Referred error // a foreign key forbids the change
	Missing  error // no row was there to be written
}

// Add adds a statement that may write any number of rows.
func (b *Batch) Add(sql string, args ...any) {
	b.Statements = append(b.Statements, Statement{SQL: sql, Args: args})
}

// AddOne adds a statement that has to write one row. A row that a trigger, a rule
// or row security keeps back would be told as written, so it is an error:
// [ration.ErrStoreUnavailable], unless meaning has another for it.
func (b *Batch) AddOne(meaning Meaning, sql string, args ...any) {
	b.Statements = append(b.Statements, Statement{SQL: sql, Args: args, One: true, Meaning: meaning})
}

// Of returns what an error of the database means.
func (m Meaning) Of(err error, taken, referred bool) error {
	switch {
	case taken && m.Taken != nil:
		return m.Taken
	case referred && m.Referred != nil:
		return m.Referred
	}
	return err
}
