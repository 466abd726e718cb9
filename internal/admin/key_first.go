package admin

import (
	"time"

	"github.com/ration-dev/ration"
)

// first is what a new key begins with: a secret, or a link with which its holder picks one
// up.
type first struct {
	service  *Service
	label    string
	secret   ration.Secret // zero: there is a link
	secretID ration.SecretID
	code     ration.Secret // of the link; zero: there is a secret
	until    time.Time     // the link's end as it was asked for
	link     PickupLink    // as it was written
}

func (s *Service) newFirst(key *NewKey, label string) *first {
	if key.Pickup {
		return &first{service: s, label: label, code: s.newCode(), until: key.PickupUntil}
	}
	return &first{service: s, label: label, secret: ration.NewSecret(s.config.SecretPrefix), secretID: ration.NewSecretID()}
}

// add adds it to what the creation of the key writes.
func (f *first) add(change *KeyChange, actor string) error {
	if f.code.IsZero() {
		change.NewSecrets = []NewSecret{f.service.newSecret(f.secretID, f.label, f.secret, change.Now)}
		return nil
	}
	link, err := newLink(change, actor, NewPickup{Label: f.label, ExpiresAt: f.until}, f.code.Digest(f.service.config.Pepper))
	if err != nil {
		return err
	}
	f.link, change.Asked.Link = link.PickupLink, link
	return nil
}

func (f *first) issued(record KeyRecord) IssuedSecret {
	issued := IssuedSecret{Key: record, SecretID: f.secretID, Secret: f.secret}
	if !f.code.IsZero() {
		issued.Pickup = new(f.service.issuedPickup(f.link, f.code))
	}
	return issued
}
