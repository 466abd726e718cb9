// Package grant says what the holder of a service token or of a session may do: which
// operations its scopes allow, and which of them it may use if it is narrowed to some
// owners or plans. It is the only place that does. Whoever speaks with a holder takes the
// operations that its [Grant] returns, and needs no rule of its own.
package grant
