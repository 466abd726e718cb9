// Package inputfile opens files that a setting or a flag names. Whatever is there
// instead, such as a directory, a device or a pipe that nobody writes to, ends with
// a sentence: nothing waits for ever and nothing fills the memory.
package inputfile
