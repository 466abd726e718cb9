package admin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ration-dev/ration"
)

// earliestCreation is a time before which no key was created: what lies before
// it is a mistake of units.
var earliestCreation = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// importAtOnce is how many keys one request imports: with the longest names and
// secrets they fit into what a server's socket takes.
const importAtOnce = 100

// ImportOperations imports keys from another system, and the usage that it counted.
type ImportOperations interface {
	ImportKeys(ctx context.Context, actor string, keys KeysImport) (KeysImported, error)
	FindKeys(ctx context.Context, secrets []ration.Secret) ([]ration.KeyID, error)
	ImportUsage(ctx context.Context, actor string, usage UsageImport) (UsageImported, error)
}

// ImportKeys creates keys that keep their present secrets, in one transaction. It
// leaves keys alone whose secret is already known, so an import that was interrupted
// can be repeated. A dry run reads without locks and writes nothing.
//
// Errors besides those of [Operations]: ErrNotFound for an unknown plan;
// ErrExists if somebody else created a key with one of the secrets at the same moment.
func (s *Service) ImportKeys(ctx context.Context, actor string, keys KeysImport) (KeysImported, error) {
	by, err := authorOf(ctx, actor)
	if err := errors.Join(err, CheckKeysAtOnce(len(keys.Keys))); err != nil {
		return KeysImported{}, err
	}
	fresh, present, err := s.unknownKeys(ctx, keys)
	if err != nil {
		return KeysImported{}, err
	}
	result := KeysImported{Created: len(fresh), Present: len(keys.Keys) - len(fresh)}
	if result.NoLimit, err = s.countNoLimit(ctx, present); err != nil {
		return KeysImported{}, err
	}
	noLimit := make([]bool, len(fresh))
	create := func(number int, change *KeyChange) error {
		found, err := s.importKey(by, &fresh[number], change)
		noLimit[number] = found.Unmarked()
		return err
	}
	switch {
	case keys.DryRun:
		err = s.tryImport(ctx, fresh, create)
	case len(fresh) > 0:
		_, err = s.store.CreateKeys(ctx, len(fresh), create)
	}
	if err != nil {
		return KeysImported{}, err
	}
	for _, found := range noLimit {
		if found {
			result.NoLimit++
		}
	}
	return result, nil
}

// tryImport makes a dry run find an unknown plan too.
func (s *Service) tryImport(ctx context.Context, keys []ImportedKey, create func(int, *KeyChange) error) error {
	plans := s.planReader(ctx)
	for i := range keys {
		if name := keys[i].Plan; name != "" {
			if _, err := plans(name); err != nil {
				return named(planNamed(name), err)
			}
		}
		if err := create(i, &KeyChange{Now: time.Now(), Plans: plans}); err != nil {
			return err
		}
	}
	return nil
}

// unknownKeys checks all keys and returns those whose secret is not known yet, and
// whose keys the other secrets are.
func (s *Service) unknownKeys(ctx context.Context, chunk KeysImport) (unknown []ImportedKey, present []ration.KeyID, err error) {
	keys := chunk.Keys
	digests := make([]ration.Digest, len(keys))
	for i := range keys {
		var err error
		if err = s.reach.admit(&keys[i].Owner, &keys[i].Plan); err == nil {
			_, err = importedRecord(&keys[i], time.Now())
		}
		if err == nil {
			digests[i], err = s.digestOf(&keys[i])
		}
		if err != nil {
			return nil, nil, fmt.Errorf("key %d of this import: %w", chunk.Before+i+1, err)
		}
	}
	refs, err := s.store.ResolveDigests(ctx, digests)
	if err != nil {
		return nil, nil, err
	}
	seen := make(map[ration.Digest]bool, len(keys))
	for i, ref := range refs {
		if seen[digests[i]] {
			return nil, nil, &ration.InvalidError{Field: "secret", Reason: fmt.Sprintf("key %d of this import has the secret of an earlier one", chunk.Before+i+1)}
		}
		seen[digests[i]] = true
		if ref == (ration.SecretRef{}) {
			unknown = append(unknown, keys[i])
		} else {
			present = append(present, ref.KeyID)
		}
	}
	return unknown, present, nil
}

// digestOf refuses digests where a pepper is set: the secret would be looked up
// by another one.
func (s *Service) digestOf(key *ImportedKey) (ration.Digest, error) {
	invalid := func(reason string) (ration.Digest, error) {
		return ration.Digest{}, &ration.InvalidError{Field: "secret", Reason: reason}
	}
	switch given := key.Digest != (ration.Digest{}); {
	case given == !key.Secret.IsZero():
		return invalid("give a secret or its digest, not both")
	case given && len(s.config.Pepper) > 0:
		return invalid("a digest made without the pepper can't be used where a pepper_file is set; import the plain secrets")
	case given:
		return key.Digest, nil
	}
	if problem := SecretProblem(key.Secret); problem != "" {
		return invalid(problem)
	}
	return key.Secret.Digest(s.config.Pepper), nil
}

func (s *Service) importKey(by author, key *ImportedKey, change *KeyChange) (noLimit *NoLimit, err error) {
	if change.Key.Key, err = importedRecord(key, change.Now); err != nil {
		return nil, err
	}
	if noLimit, err = change.settle(key.Unlimited); err != nil {
		return nil, err
	}
	secret := s.newSecret(ration.NewSecretID(), DefaultSecretLabel, key.Secret, change.Key.CreatedAt)
	if secret.Digest, err = s.digestOf(key); err != nil {
		return nil, err
	}
	change.NewSecrets = []NewSecret{secret}
	change.Audit, err = by.audit("key.import", change.Key.ID.String(), nil, keyFields(change))
	return noLimit, err
}

// record checks the key and returns what is stored of it.
func importedRecord(k *ImportedKey, now time.Time) (ration.Key, error) {
	created := toStored(k.CreatedAt)
	switch {
	case created.IsZero():
		created = now
	case created.Before(earliestCreation), created.After(now.Add(24 * time.Hour)):
		return ration.Key{}, &ration.InvalidError{Field: "created_at", Value: created.Format(time.RFC3339), Reason: "use a time between 1990 and now"}
	}
	if !k.Status.Valid() {
		return ration.Key{}, &ration.InvalidError{Field: "status", Value: string(k.Status), Reason: "use pending, active, disabled, revoked or rejected"}
	}
	return normalizeKey(ration.Key{
		ID: ration.NewKeyID(), Name: k.Name, Owner: k.Owner, Plan: k.Plan, Status: k.Status, Scopes: k.Scopes,
		Unlimited: k.Unlimited, CreatedAt: created, UpdatedAt: now,
	})
}

// ImportAllKeys imports any number of keys, chunk by chunk, so that charges go on in
// between. It first tries all of them without writing, so that faults are found
// before anything is written. After each chunk it calls progress with the number of
// keys that it has looked at. With an error it also returns what was done before. To
// go on with the rest, make the same import again.
func ImportAllKeys(ctx context.Context, operations ImportOperations, actor string, keys KeysImport, progress func(done int)) (KeysImported, error) {
	would, err := importChunks(ctx, operations, actor, KeysImport{Keys: keys.Keys, DryRun: true}, func(int) {})
	if err != nil || keys.DryRun {
		return would, err
	}
	done, err := importChunks(ctx, operations, actor, keys, progress)
	if err != nil {
		err = fmt.Errorf("%d keys were certainly imported before this; run the same import again to go on: %w", done.Created, err)
	}
	return done, err
}

func importChunks(ctx context.Context, operations ImportOperations, actor string, keys KeysImport, progress func(int)) (total KeysImported, err error) {
	for start := 0; start < len(keys.Keys); start += importAtOnce {
		end := min(start+importAtOnce, len(keys.Keys))
		chunk, err := operations.ImportKeys(ctx, actor, KeysImport{Keys: keys.Keys[start:end], Before: start, DryRun: keys.DryRun})
		if err != nil {
			return total, err
		}
		total.Created += chunk.Created
		total.Present += chunk.Present
		total.NoLimit += chunk.NoLimit
		progress(end)
	}
	return total, nil
}
