package config

import "github.com/ration-dev/ration"

// consoleSettings say where the console is, and who gets in.
var consoleSettings = []setting{
	{
		Setting: Setting{consoleURL, "URL", "", "Where browsers reach the admin listener, such as https://ration.example.com: for login links, and for logging in with OpenID Connect. Empty: login links name admin_listen."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.ConsoleURL }, parseConsoleURL),
	},
	{
		Setting: Setting{oidcIssuer, "URL", "", "The OpenID provider by which people log in to the console, as it names itself, such as https://accounts.example.com. Empty: they log in with tokens and links only."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.OIDC.Issuer }, parseIssuer),
	},
	{
		Setting: Setting{oidcClientID, "text", "", "The id by which the provider knows Ration. Register console_url followed by /login/oidc/callback there as where people are sent back to."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.OIDC.ClientID }, parseClientID),
	},
	{
		Setting: Setting{oidcClientSecretFile, "path", "", "A file with the client secret that the provider has given to Ration, the same for all instances. Only its owner may be able to read it. RATION_OIDC_CLIENT_SECRET can hold the secret itself."},
		kind:    text,
		set:     into(func(c *Config) *ration.Secret { return &c.OIDC.Secret }, readClientSecret),
	},
	{
		Setting: Setting{"oidc_name", "text", "", "What the button says to log in with. Empty: the provider's host."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.OIDC.Name }, parseOIDCName),
	},
	{
		Setting: Setting{"oidc_scopes", "names with commas", "email,profile", "What the provider is asked for besides openid. Some need groups here to tell of them; others refuse it."},
		kind:    list,
		set:     into(func(c *Config) *[]string { return &c.OIDC.Scopes }, parseOIDCScopes),
	},
	{
		Setting: Setting{"oidc_groups_claim", "name", "groups", "The claim with the groups of somebody. A dot leads into an object: realm_access.roles."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.OIDC.GroupsClaim }, parseClaim),
	},
	{
		Setting: Setting{oidcAdminGroups, "names with commas", "", "The groups whose members get the scope admin in the console."},
		kind:    list,
		set:     into(func(c *Config) *[]string { return &c.OIDC.AdminGroups }, parseGroups),
	},
	{
		Setting: Setting{oidcKeysGroups, "names with commas", "", "The groups whose members get the scope keys, unless another of their groups gives more."},
		kind:    list,
		set:     into(func(c *Config) *[]string { return &c.OIDC.KeysGroups }, parseGroups),
	},
	{
		Setting: Setting{oidcReadGroups, "names with commas", "", "The groups whose members get the scope read, unless another of their groups gives more. Who is in no group of these three settings is refused."},
		kind:    list,
		set:     into(func(c *Config) *[]string { return &c.OIDC.ReadGroups }, parseGroups),
	},
}
