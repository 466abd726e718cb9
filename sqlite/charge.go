package sqlite

import (
	"context"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/ledger"
)

// Charge implements [ration.Store]. The transaction locks every key. The context
// bounds only the wait for the transaction's turn.
func (s *Store) Charge(ctx context.Context, batch ration.Batch) (decisions []ration.Decision, err error) {
	err = s.write(ctx, func(ctx context.Context, tx *tx) error {
		tx.charges = true
		keys := keysOf(batch.Items)
		accounts, err := tx.accounts(ctx, keys)
		if err != nil {
			return err
		}
		for _, account := range accounts {
			account.Tell(s.tells)
			if s.keepLog > 0 {
				account.Log()
			}
		}
		if err := tx.readPriors(ctx, batch.Items, accounts); err != nil {
			return err
		}
		clock := ledger.Clock{Now: tx.now, Suspect: tx.suspect}
		if err := tx.readLeases(ctx, batch.Items, accounts, clock); err != nil {
			return err
		}
		if err := tx.readUnits(ctx, batch.Items, accounts); err != nil {
			return err
		}
		tokens, err := tx.readTokensOf(ctx, batch.Items)
		if err != nil {
			return err
		}
		decisions = decide(batch.Items, &tokens, accounts, clock)
		if reopened, err := tx.reopen(ctx, accounts); err != nil {
			return err
		} else if reopened {
			decisions = decide(batch.Items, &tokens, accounts, clock)
		}
		return tx.record(ctx, keys, accounts)
	})
	if err != nil {
		return nil, err
	}
	return decisions, nil
}

// keysOf returns the keys of items, each once.
func keysOf(items []ration.Item) []ration.KeyID {
	seen := make(map[ration.KeyID]struct{}, len(items))
	var ids []ration.KeyID
	for i := range items {
		id := items[i].KeyID
		if _, ok := seen[id]; !ok {
			seen[id] = struct{}{}
			ids = append(ids, id)
		}
	}
	return ids
}

func decide(items []ration.Item, tokens *ledger.Tokens, accounts map[ration.KeyID]*ledger.Account, clock ledger.Clock) []ration.Decision {
	decisions := make([]ration.Decision, len(items))
	for i := range items {
		item := &items[i]
		if refusal, refused := tokens.Refuse(item, clock); refused {
			decisions[i] = refusal
		} else if account, ok := accounts[item.KeyID]; ok {
			decisions[i] = account.Decide(item, clock)
		} else {
			decisions[i] = ration.Decision{Code: ration.CodeKeyUnknown, DecidedAt: clock.Now, DryRun: item.IsDryRun()}
		}
	}
	return decisions
}
