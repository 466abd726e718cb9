package config

import (
	"slices"
	"strings"
)

// testVariables are those of this project's own tests.
const testVariables = variablePrefix + "TEST"

// otherVariables are no settings, and may stand in the environment of a command. Two
// tell a program that asks the verify API where it is and which service token to send,
// one where the admin API is; by two, shells and their users tell completion what to leave out.
var otherVariables = []string{
	variablePrefix + "URL", variablePrefix + "TOKEN", variablePrefix + "ADMIN_URL",
	variablePrefix + "ACTIVE_HELP", variablePrefix + "COMPLETION_DESCRIPTIONS",
}

// environment is what the process environment gives.
type environment struct {
	file         string            // of the configuration
	bootstrap    string            // a token; empty: none
	token        string            // of commands that ask a server; empty: none
	clientSecret string            // of logins with OpenID Connect; empty: none
	pepper       string            // empty: none
	values       map[string]string // setting name → value
}

// readEnvironment picks out Ration's variables. One that is misspelt is a fault:
// a limit that silently does not hold is worse than a server that does not start.
func readEnvironment(variables []string) (environment, []*Error) {
	found := environment{values: make(map[string]string)}
	var faults []*Error
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		short, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || strings.HasPrefix(name, testVariables) || slices.Contains(otherVariables, name) {
			continue
		}
		s := find(strings.ToLower(short))
		switch {
		case name == fileVariable && value == "":
			faults = append(faults, &Error{name, "is set but empty; unset it, or give the path of a file"})
		case name == fileVariable:
			found.file = value
		case name == tokenVariable:
			found.token = value
		case name == clientSecretVariable:
			found.clientSecret = value
		case name == pepperVariable && value == "": // or every secret would be unknown
			faults = append(faults, &Error{name, "is set but empty; unset it, or give the pepper"})
		case name == pepperVariable:
			found.pepper = value
		case name == bootstrapVariable && value == "":
			faults = append(faults, &Error{name, "is set but empty; unset it, or give the token that 'ration tokens generate' prints"})
		case name == bootstrapVariable:
			found.bootstrap = value
		case s == nil && gone[strings.ToLower(short)] != "":
			faults = append(faults, &Error{name, gone[strings.ToLower(short)]})
		case s == nil || short != strings.ToUpper(short):
			faults = append(faults, &Error{name, unknownVariable(short)})
		case s.set == nil:
			faults = append(faults, &Error{name, s.Name + " can only be given in a configuration file"})
		default:
			found.values[s.Name] = value
		}
	}
	return found, faults
}

func unknownVariable(short string) string {
	known := []string{fileVariable, bootstrapVariable, clientSecretVariable, pepperVariable}
	for _, s := range Settings() {
		known = append(known, s.Variable())
	}
	return unknown(variablePrefix+short, known)
}
