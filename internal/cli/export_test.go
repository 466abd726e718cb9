package cli

// ExitCode returns the exit code of an error.
func ExitCode(err error) int { return exitCode(err) }
