package postgres

// KeysSQL returns what is read of many keys while they are locked, for a test of
// its plans.
func KeysSQL() map[string]string {
	return map[string]string{
		"lock": lockKeysSQL, "keys": keysByIDSQL, "secrets": keySecretsSQL, "overrides": keyOverridesSQL,
	}
}
