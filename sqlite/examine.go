package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration/internal/admin"
)

// Examine implements admin.Maintenance.
func (s *Store) Examine(ctx context.Context, deep bool) (findings []admin.Finding, err error) {
	for _, examine := range []func(context.Context) (admin.Finding, error){s.examineSchema, s.examineTables, s.examineClock, s.examineDurability} {
		finding, err := examine(ctx)
		if err != nil {
			return nil, err
		}
		findings = append(findings, finding)
	}
	finding, err := s.examineIntegrity(ctx, deep)
	return append(findings, finding), err
}

// examineSchema tells what was found right when the file was opened.
func (s *Store) examineSchema(ctx context.Context) (finding admin.Finding, err error) {
	err = s.read(ctx, func(conn *conn) error {
		schema, err := readSchema(ctx, conn)
		finding = schema.Finding(SchemaVersion(), "")
		return err
	})
	return finding, err
}

// examineTables tells why nothing can be charged, if somebody has changed a table.
func (s *Store) examineTables(ctx context.Context) (finding admin.Finding, err error) {
	finding = admin.Finding{Check: "tables", State: admin.FindingOK, Detail: "they keep what is written to them: they have no triggers"}
	err = s.read(ctx, func(conn *conn) error { return conn.refuseAltered(ctx) })
	if errors.Is(err, ErrAltered) {
		finding.State, finding.Detail = admin.FindingProblem, err.Error()
		finding.Advice = "fix this; until then nothing is charged and nothing can be changed"
		err = nil
	}
	return finding, err
}

// examineClock has no other clock to compare with, but knows of a step.
func (s *Store) examineClock(context.Context) (admin.Finding, error) {
	clock := s.clock.read()
	finding := admin.Finding{Check: "clock", State: admin.FindingOK, Detail: "it is at " + clock.Now.Format(time.RFC3339)}
	if clock.Suspect {
		finding.State = admin.FindingProblem
		finding.Detail += fmt.Sprintf(", and has just stepped by %s", s.clock.step().Round(time.Second))
		finding.Advice = fmt.Sprintf("make sure that it is right; no period begins (clock_suspect) until the step has lasted for %s", stepStands)
	}
	return finding, nil
}

// examineDurability asks the connection that commits for what commits rely on.
func (s *Store) examineDurability(ctx context.Context) (admin.Finding, error) {
	finding := admin.Finding{Check: "durability", State: admin.FindingOK, Detail: "every commit is flushed to disk (write-ahead log, synchronous=FULL)"}
	conn, err := s.take(ctx, s.writer)
	if err != nil {
		return finding, err
	}
	defer func() { s.writer <- conn }()
	for _, want := range writing {
		if err := conn.check(context.WithoutCancel(ctx), want); err != nil {
			finding.State, finding.Detail = admin.FindingProblem, err.Error()
			finding.Advice = "restart; if it stays like this, this build of Ration is broken"
		}
	}
	return finding, nil
}

func (s *Store) examineIntegrity(ctx context.Context, deep bool) (admin.Finding, error) {
	finding := admin.Finding{Check: "integrity", State: admin.FindingOK, Detail: "not read completely; --deep does that"}
	if !deep {
		return finding, nil
	}
	finding.Detail = "the whole file was read and its structure is sound"
	err := s.Check(ctx)
	if errors.Is(err, ErrDamaged) {
		finding.State, finding.Detail = admin.FindingProblem, err.Error()
		finding.Advice = "stop the server, keep a copy of the file, and restore a backup"
		err = nil
	}
	return finding, err
}
