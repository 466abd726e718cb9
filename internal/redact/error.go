package redact

// Error returns an error that says what err says, without what may be a password
// of the locations. It wraps err, and is nil if err is.
func Error(err error, locations ...string) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if shown := Of(locations...).Text(text); shown != text {
		return &redacted{shown, err}
	}
	return err
}

type redacted struct {
	text string
	err  error
}

// Error implements error.
func (e *redacted) Error() string { return e.text }

// Unwrap gives errors.Is and As the cause, whose own text is not to be shown.
func (e *redacted) Unwrap() error { return e.err }
