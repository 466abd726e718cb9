// Package e2e drives the built binary as its users do: instances behind real
// sockets, the commands, the README's lines.
package e2e
