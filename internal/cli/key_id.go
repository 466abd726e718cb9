package cli

import (
	"context"
	"strings"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
)

// keyID reads the id of a key. A name is never taken for one, as two keys may
// share it; but the error tells the ids of the keys that have it.
func keyID(ctx context.Context, ops admin.Operations, text string) (ration.KeyID, error) {
	id, err := ration.ParseKeyID(text)
	if err == nil {
		return id, nil
	}
	if looksLikeSecret(text) {
		return ration.KeyID{}, usagef(`this is a secret, not a key's id, which looks like "key_0197c0de-…"; 'ration keys list' shows the ids`)
	}
	const most = 5
	records, listErr := ops.ListKeys(ctx, admin.KeyFilter{Name: text, Limit: most})
	if listErr != nil || len(records) == 0 || text == "" {
		return ration.KeyID{}, err
	}
	ids := make([]string, len(records))
	for i, record := range records {
		ids[i] = record.ID.String()
	}
	return ration.KeyID{}, usagef("%q is the name of a key, but several keys may have one name; give its id: %s", text, strings.Join(ids, ", "))
}

// looksLikeSecret reports whether a text is a secret that was made here, under
// whatever prefix. It must not be shown in an error, nor looked for as a name.
func looksLikeSecret(text string) bool { return ration.SecretFromText(text).Generated() }
