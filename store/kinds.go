package store

import (
	"context"

	"callplane/dialplan"
)

// ExtensionKinds tells which of the numbers are extensions of the account, and of which
// kind; numbers that are none are not in the result.
func (tx *Tx) ExtensionKinds(ctx context.Context, numbers []string) (map[string]dialplan.Kind, error) {
	account, err := tx.own()
	if err != nil {
		return nil, err
	}
	refs, err := tx.resolve(ctx, account, numbers)
	if err != nil {
		return nil, err
	}
	out := make(map[string]dialplan.Kind, len(refs))
	for number, r := range refs {
		out[number] = r.kind
	}
	return out, nil
}

// RoleReadonly sees everything of one account and changes nothing.
const RoleReadonly Role = "readonly"
