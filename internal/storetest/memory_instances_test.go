package storetest_test

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/ration-dev/ration/internal/admin"
)

func (m *memory) NoteInstance(_ context.Context, instance admin.ServingInstance) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.time()
	instance.SeenAt = now
	m.instances[instance.ID] = instance
	maps.DeleteFunc(m.instances, func(_ uuid.UUID, known admin.ServingInstance) bool {
		return m.fault != remembersInstances && now.Sub(known.SeenAt).Abs() > admin.InstanceRetention
	})
	return nil
}

func (m *memory) ForgetInstance(_ context.Context, id uuid.UUID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.instances, id)
	return nil
}

func (m *memory) Instances(context.Context) ([]admin.ServingInstance, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Collect(maps.Values(m.instances)), m.time(), nil
}
