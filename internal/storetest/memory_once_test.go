package storetest_test

import (
	"context"
	"slices"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// memoryAnswer is the answer of a change that is made once.
type memoryAnswer struct {
	admin.RepeatedError
	at time.Time
}

// once makes a change, or finds that it was made.
func (m *memory) once(ctx context.Context, change func() (any, error)) error {
	once := admin.OnceOf(ctx)
	if once == nil {
		_, err := change()
		return err
	}
	m.answersMu.Lock()
	defer m.answersMu.Unlock()
	if err := m.checkOnce(once); err != nil && m.fault != makesItAgain {
		return err
	}
	result, err := change()
	if err != nil {
		if m.fault == remembersFailures {
			m.answers[once.ID] = memoryAnswer{admin.RepeatedError{Request: once.Request}, m.time()}
		}
		return err
	}
	answer, err := once.Seal(result)
	m.answers[once.ID] = memoryAnswer{admin.RepeatedError{Request: once.Request, Answer: answer}, m.time()}
	return err
}

func (m *memory) checkOnce(once *admin.Once) error {
	answer, made := m.answers[once.ID]
	if !made || m.time().Sub(answer.at) > admin.AnswerRetention && m.fault != remembersForEver {
		return nil
	}
	return &admin.RepeatedError{Request: answer.Request, Answer: slices.Clone(answer.Answer)}
}

func (m *memory) CheckOnce(ctx context.Context) error {
	m.answersMu.Lock()
	defer m.answersMu.Unlock()
	if once := admin.OnceOf(ctx); once != nil {
		return m.checkOnce(once)
	}
	return nil
}

func (m *memory) CreateKey(ctx context.Context, create func(*admin.KeyChange) error) (record admin.KeyRecord, err error) {
	err = m.once(ctx, func() (any, error) {
		record, err = m.createKeyOnce(ctx, create)
		return record, err
	})
	return record, err
}

func (m *memory) UpdateKey(ctx context.Context, id ration.KeyID, update func(*admin.KeyChange) error) (record admin.KeyRecord, err error) {
	err = m.once(ctx, func() (any, error) {
		record, err = m.updateKeyOnce(ctx, id, update)
		return record, err
	})
	return record, err
}

func (m *memory) CreatePlan(ctx context.Context, create func(*admin.PlanChange) error) (plan ration.Plan, err error) {
	err = m.once(ctx, func() (any, error) {
		plan, err = m.createPlan(ctx, create)
		return plan, err
	})
	return plan, err
}

func (m *memory) CreateToken(ctx context.Context, token admin.Token, digest ration.Digest, audit admin.AuditEntry) (created admin.Token, err error) {
	err = m.once(ctx, func() (any, error) {
		created, err = m.createToken(ctx, token, digest, audit)
		return created, err
	})
	return created, err
}

func (m *memory) ResetUsage(ctx context.Context, id ration.KeyID, reset func(*admin.UsageReset) error) error {
	return m.once(ctx, func() (any, error) { return struct{}{}, m.resetUsage(ctx, id, reset) })
}
