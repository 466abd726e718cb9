package admin

import (
	"github.com/ration-dev/ration"
)

// Service has the operations on a store.
type Service struct {
	store  Store
	config Config
	reach  Reach // the keys that it reads and changes

	partRows int // see partRows

	summaries *summaries    // of all reaches
	previews  chan struct{} // has as many as are being made, of all reaches
}

var _ Operations = (*Service)(nil)

// New returns the operations on a store. [ration.ValidateSecretPrefix] must accept
// the prefix.
func New(store Store, config Config) *Service {
	if config.SecretPrefix == "" {
		config.SecretPrefix = ration.DefaultSecretPrefix
	}
	return &Service{store: store, config: config, partRows: partRows, summaries: newSummaries(store), previews: make(chan struct{}, previewsAtOnce)}
}
