// Package manual makes manual pages of commands, one page per command, from what
// their help says. The pages are the same for the same commands, whenever and
// wherever they are made.
package manual
