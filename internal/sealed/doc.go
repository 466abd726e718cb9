// Package sealed encrypts answers that a server keeps for a caller who may ask again,
// and that may have a secret. The key comes from what the caller sends with each
// request: a secret and an idempotency key. The server keeps neither of them, so whoever
// reads its database can't open the answers, and can't find out what was asked for.
package sealed
