package pglog

import (
	"crypto/sha256"

	"github.com/jackc/pgx/v5/pgtype"
)

// stream identifies the entries of a session, or those of a scope. It is a hash, since their
// names have any length and any bytes.
type stream = pgtype.UUID

func sessionStream(id string) stream { return hash("session\x00" + id) }

// scopeStream returns the stream of the scope of a session: its own without a named scope.
func scopeStream(session stream, scope string) stream {
	if scope == "" {
		return session
	}
	return hash("scope\x00" + scope)
}

func hash(s string) pgtype.UUID {
	sum := sha256.Sum256([]byte(s))
	return pgtype.UUID{Bytes: [16]byte(sum[:]), Valid: true}
}
