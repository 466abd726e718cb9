// Package grant says what a service token may do: which operations its scopes allow,
// and which of them a token may use that is narrowed to some owners or plans. It is
// the only place that does. Whoever speaks with the holder of a token takes the
// operations that its [Grant] returns, and needs no rule of its own.
package grant
