package admin

import (
	"context"
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
	if err := CheckKeysAtOnce(len(keys.Keys)); err != nil {
		return KeysImported{}, err
	}
	rows, err := s.importRows(keys)
	if err != nil {
		return KeysImported{}, err
	}
	return s.importKeys(ctx, actor, rows, keys.DryRun)
}

// importRow is a key to import, without its secret.
type importRow struct {
	ImportedKey
	secret NewSecret // without an id and its times
}

// importRows checks keys, as far as that can be done without the store.
func (s *Service) importRows(keys KeysImport) ([]importRow, error) {
	rows, numbers := make([]importRow, len(keys.Keys)), make(map[ration.Digest]int, len(keys.Keys))
	for i := range keys.Keys {
		key := &keys.Keys[i]
		row := importRow{ImportedKey: *key, secret: s.newSecret(ration.SecretID{}, DefaultSecretLabel, key.Secret, time.Time{})}
		row.Secret, row.Digest = ration.Secret{}, ration.Digest{}
		err := s.reach.admit(&key.Owner, &key.Plan)
		if err == nil {
			_, err = importedRecord(key, time.Now())
		}
		if err == nil {
			row.secret.Digest, err = s.digestOf(key)
		}
		number := keys.Before + i + 1
		if err != nil {
			return nil, fmt.Errorf("key %d of this import: %w", number, err)
		}
		if numbers[row.secret.Digest] != 0 {
			return nil, &ration.InvalidError{Field: "secret", Reason: fmt.Sprintf("key %d of this import has the secret of an earlier one", number)}
		}
		numbers[row.secret.Digest], rows[i] = number, row
	}
	return rows, nil
}

// importKeys imports keys that were checked.
func (s *Service) importKeys(ctx context.Context, actor string, rows []importRow, dryRun bool) (KeysImported, error) {
	by, err := authorOf(ctx, actor)
	if err != nil {
		return KeysImported{}, err
	}
	fresh, present, err := s.unknownKeys(ctx, rows)
	if err != nil {
		return KeysImported{}, err
	}
	presentNoLimit, err := s.countNoLimit(ctx, present)
	if err != nil {
		return KeysImported{}, err
	}
	noLimit := make([]bool, len(fresh))
	create := func(number int, change *KeyChange) error {
		found, err := importKey(by, &fresh[number], change)
		noLimit[number] = found.Unmarked()
		return err
	}
	result := func() KeysImported {
		imported := KeysImported{Created: len(fresh), Present: len(present), NoLimit: presentNoLimit}
		for _, found := range noLimit {
			if found {
				imported.NoLimit++
			}
		}
		return imported
	}
	results(ctx, func() any { return result() })
	switch {
	case dryRun:
		err = s.tryImport(ctx, fresh, create)
	case len(fresh) > 0:
		_, err = s.store.CreateKeys(ctx, len(fresh), create)
	case JobStepOf(ctx) != nil:
		err = s.store.StepJob(ctx)
	}
	if err != nil {
		return KeysImported{}, err
	}
	return result(), nil
}

// tryImport makes a dry run find an unknown plan too.
func (s *Service) tryImport(ctx context.Context, rows []importRow, create func(int, *KeyChange) error) error {
	plans := s.planReader(ctx)
	for i := range rows {
		if name := rows[i].Plan; name != "" {
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

// unknownKeys returns the keys whose secret is not known yet, and those that have the
// other secrets.
func (s *Service) unknownKeys(ctx context.Context, rows []importRow) (unknown []importRow, present []ration.KeyID, err error) {
	digests := make([]ration.Digest, len(rows))
	for i := range rows {
		digests[i] = rows[i].secret.Digest
	}
	refs, err := s.store.ResolveDigests(ctx, digests)
	if err != nil {
		return nil, nil, err
	}
	for i, ref := range refs {
		if ref == (ration.SecretRef{}) {
			unknown = append(unknown, rows[i])
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

func importKey(by author, row *importRow, change *KeyChange) (noLimit *NoLimit, err error) {
	if change.Key.Key, err = importedRecord(&row.ImportedKey, change.Now); err != nil {
		return nil, err
	}
	if noLimit, err = change.settle(row.Unlimited); err != nil {
		return nil, err
	}
	secret := row.secret
	secret.ID, secret.CreatedAt = ration.NewSecretID(), change.Key.CreatedAt
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
