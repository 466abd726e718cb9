//go:build unix

package cli

// ShellWord quotes a path in the commands of an advice.
var ShellWord = shellWord
