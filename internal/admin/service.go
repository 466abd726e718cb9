package admin

import (
	"github.com/ration-dev/ration"
)

// Service is the operations on a store.
type Service struct {
	store  Store
	config Config
}

var _ Operations = (*Service)(nil)

// New makes the operations on a store. The prefix is one that
// [ration.ValidateSecretPrefix] accepts.
func New(store Store, config Config) *Service {
	if config.SecretPrefix == "" {
		config.SecretPrefix = ration.DefaultSecretPrefix
	}
	return &Service{store: store, config: config}
}
