package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"callplane/dialplan"
)

// PINGuess is how often the PIN of a key, a purpose and an extension, has been wrong of late.
type PINGuess struct {
	Account dialplan.AccountID
	Key     string
	Guesses dialplan.PINGuesses
}

// pinGuessLife is longer than guesses matter: a lock of a day, and the quiet day after it.
const pinGuessLife = 2*dialplan.PINLockMax + dialplan.PINWindow

// PINGuesses forgets what no longer matters and gives the rest, of all accounts.
func (db *DB) PINGuesses(ctx context.Context) (out []PINGuess, err error) {
	err = db.Platform(ctx, func(tx *Tx) error {
		since := time.Now().Add(-pinGuessLife)
		if _, err := tx.tx.Exec(ctx, `DELETE FROM pin_guesses WHERE at < $1`, since); err != nil {
			return mapError("forget guesses of PINs", err)
		}
		rows, err := tx.tx.Query(ctx, `SELECT account_id, key, guesses FROM pin_guesses WHERE at >= $1`, since)
		out, err = collect(rows, err, "guesses of PINs", func(rows pgx.Rows, g *PINGuess) error {
			return rows.Scan(&g.Account, &g.Key, &g.Guesses)
		})
		return err
	})
	return out, err
}

// SavePINGuess replaces what is known of a key; no guesses: it is forgotten.
func (db *DB) SavePINGuess(ctx context.Context, g PINGuess) error {
	return db.Account(ctx, g.Account, func(tx *Tx) error {
		if g.Guesses.None() {
			_, err := tx.tx.Exec(ctx, `DELETE FROM pin_guesses WHERE account_id = $1 AND key = $2`, g.Account, g.Key)
			return mapError("forget guesses of a PIN", err)
		}
		_, err := tx.tx.Exec(ctx, `INSERT INTO pin_guesses (account_id, key, guesses, at) VALUES ($1, $2, $3, now())
			ON CONFLICT (account_id, key) DO UPDATE SET guesses = $3, at = now()`, g.Account, g.Key, g.Guesses)
		if err != nil {
			return mapError(fmt.Sprintf("keep guesses of a PIN of account %d", g.Account), err)
		}
		return nil
	})
}
