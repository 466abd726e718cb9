package config

import (
	"strconv"
	"strings"
)

// pepperFile is the name of the setting.
const pepperFile = "pepper_file"

// pepperVariable holds the pepper itself, for places such as Kubernetes where a file is
// never its reader's own. It is no flag, which other users could see in the list of
// processes.
const pepperVariable = variablePrefix + "PEPPER"

// leastPepper is the shortest pepper: 128 bits, if they are random.
const leastPepper = 16

// tooShort says of a pepper what is wrong with it.
var tooShort = "it has less than " + strconv.Itoa(leastPepper) + " bytes, so it can be guessed"

// readPepper reads the server-side key of digests from a file that only its
// owner can read.
func readPepper(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	pepper, err := readSecretFile(path)
	if err == nil && len(pepper) < leastPepper {
		return nil, invalid(path, tooShort)
	}
	return pepper, err
}

// readPepperVariable takes the pepper from the environment, without the end of a line:
// the same text has to be the same pepper in a file.
func (c *Config) readPepperVariable(text string) []*Error {
	pepper := strings.TrimRight(text, "\r\n")
	switch {
	case text == "":
		return nil
	case len(c.Pepper) > 0:
		return []*Error{{pepperVariable, "is set, and " + pepperFile + " too; use one of the two"}}
	case len(pepper) < leastPepper:
		return []*Error{{pepperVariable, tooShort}}
	}
	c.Pepper = []byte(pepper)
	return nil
}
