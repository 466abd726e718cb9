package config

import (
	"errors"

	"github.com/ration-dev/ration"
)

// bootstrapTokenFile is the name of the setting.
const bootstrapTokenFile = "bootstrap_token_file"

// bootstrapVariable holds the token itself. It is no flag, which other users could see
// in the list of processes, and stands in no file that is not meant for secrets.
const bootstrapVariable = variablePrefix + "BOOTSTRAP_TOKEN"

// readBootstrapToken reads the token of a file. Which texts are tokens is checked
// elsewhere; see [Sources].
func readBootstrapToken(path string) (ration.Secret, error) {
	if path == "" {
		return ration.Secret{}, nil
	}
	text, err := readSecretFile(path)
	if err == nil && len(text) == 0 {
		return ration.Secret{}, invalid(path, "it is empty; put in it what 'ration tokens generate' prints")
	}
	return ration.SecretFromText(string(text)), err
}

// readBootstrapVariable takes the token from the environment.
func (c *Config) readBootstrapVariable(text string, sources Sources) []*Error {
	switch check := sources.Checks[bootstrapTokenFile]; {
	case text == "":
		return nil
	case !c.BootstrapToken.IsZero():
		return []*Error{{bootstrapVariable, "is set, and " + bootstrapTokenFile + " too; use one of the two"}}
	default:
		c.BootstrapToken = ration.SecretFromText(text)
		if check == nil {
			return nil
		}
		if err := check(c); err != nil {
			return []*Error{{bootstrapVariable, reasonWithoutValue(err)}}
		}
		return nil
	}
}

// reasonWithoutValue says why a secret is refused, and shows none.
func reasonWithoutValue(err error) string {
	if fault, ok := errors.AsType[*ration.InvalidError](err); ok {
		return fault.Reason
	}
	return err.Error()
}
