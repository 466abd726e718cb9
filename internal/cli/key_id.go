package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

const (
	// namedKeys is how many keys an error names.
	namedKeys = 5
	// shownStart is how many characters of a secret lists show at most.
	shownStart = 8
)

// keyID finds the key that a text means: by its id, with or without "key_", by its name
// or its owner where no other key has it, or by the start of one of its secrets, as
// lists show it. An error never shows the text, which may be a secret.
func keyID(ctx context.Context, ops admin.Operations, text string) (ration.KeyID, error) {
	for _, id := range []string{text, "key_" + text} {
		if id, err := ration.ParseKeyID(id); err == nil {
			return id, nil
		}
	}
	switch {
	case text == "":
		return ration.KeyID{}, usagef("the key is empty; give its id, name, owner or the start of its secret")
	case looksLikeSecret(text):
		return ration.KeyID{}, usagef(`this is a secret: never give a whole one to a command, because other users of the machine can see it; give the key's id, or the first %d characters`, shownStart)
	}
	start, end, _ := strings.Cut(text, "…")
	for _, way := range []struct {
		what   string
		filter admin.KeyFilter
	}{
		{"this name", admin.KeyFilter{Name: text}},
		{"this owner", admin.KeyFilter{Owner: text}},
		{"a secret that starts so", admin.KeyFilter{SecretStart: start}},
	} {
		if way.filter.SecretStart != "" && len(start) > shownStart {
			continue
		}
		find := admin.FirstKeys
		if way.filter.SecretStart != "" && end != "" {
			find = func(ctx context.Context, ops admin.KeysLister, filter admin.KeyFilter) ([]admin.KeyRecord, error) {
				return listWithSecret(ctx, ops, filter, end)
			}
		}
		way.filter.Limit = namedKeys + 1
		records, err := find(ctx, ops, way.filter)
		if err != nil {
			return ration.KeyID{}, err
		}
		switch len(records) {
		case 0:
		case 1:
			return records[0].ID, nil
		default:
			return ration.KeyID{}, usagef("several keys have %s; give the id of one: %s", way.what, keysText(records))
		}
	}
	if begins, err := beginsSecret(ctx, ops, start); err != nil {
		return ration.KeyID{}, err
	} else if begins {
		return ration.KeyID{}, usagef(`a secret begins like this: never give more than %d characters of one to a command, because other users of the machine can see it; give the key's id`, shownStart)
	}
	return ration.KeyID{}, errNoKey(ctx, ops, text)
}

// beginsSecret reports whether a text is more of a secret than lists show, or a whole one
// that another system has made.
func beginsSecret(ctx context.Context, ops admin.Operations, text string) (bool, error) {
	if len(text) <= shownStart {
		return false, nil
	}
	whole, _ := ration.SecretFromText(text).Ends() // of short ones, lists show less
	for _, start := range slices.Compact([]string{strings.ToValidUTF8(text[:shownStart], ""), whole}) {
		records, err := admin.FirstKeys(ctx, ops, admin.KeyFilter{SecretStart: start, Limit: 1})
		if err != nil || len(records) > 0 {
			return len(records) > 0, err
		}
	}
	return false, nil
}

// listWithSecret returns keys, at most as many as the filter says, that have a secret
// with the filter's start and this end. All keys with the start are looked at, since
// secrets of another system may begin alike.
func listWithSecret(ctx context.Context, ops admin.KeysLister, filter admin.KeyFilter, end string) (found []admin.KeyRecord, err error) {
	most := filter.Limit
	filter.Limit = admin.MaxKeysAtOnce
	for record, err := range admin.AllKeys(ctx, ops, filter) {
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(record.Secrets, func(s ration.SecretState) bool { return s.Start == filter.SecretStart && s.End == end }) {
			found = append(found, record)
		}
		if len(found) == most {
			break
		}
	}
	return found, nil
}

func keysText(records []admin.KeyRecord) string {
	texts := make([]string, 0, namedKeys+1)
	for i, record := range records {
		if i == namedKeys {
			texts = append(texts, "and more")
			break
		}
		texts = append(texts, fmt.Sprintf("%s (%s, %s)", record.ID, visible(record.Name), record.Status))
	}
	return strings.Join(texts, ", ")
}

// errNoKey says that no key is meant, and which name or owner is near. It looks at the
// first keys only.
func errNoKey(ctx context.Context, ops admin.Operations, text string) error {
	records, err := admin.FirstKeys(ctx, ops, admin.KeyFilter{})
	if err != nil {
		return err
	}
	var known []string
	for _, record := range records {
		known = append(known, record.Name, record.Owner)
	}
	return errors.New("no key has this id, name, owner or start of a secret" + orNearest(text, known, "; 'ration keys list' shows all keys"))
}

// looksLikeSecret reports whether a text is a secret that was made here, under
// whatever prefix. It must not be shown in an error, nor looked for as a name.
func looksLikeSecret(text string) bool { return ration.SecretFromText(text).Generated() }
