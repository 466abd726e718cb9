package config

import "time"

// holderSettings are of the pages and paths for people who hold a key, or ask for one.
var holderSettings = []setting{
	{
		Setting: Setting{usagePath, "path or off", "/v1/usage", "Where holders of keys learn what they have used and what remains, by GET with their key, uncounted; on the proxy and on the verify API. The upstream gets no request with this path, whatever the routes say. Where this setting is not given and a route has this very path, it is off."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.UsagePath }, parseUsagePath),
	},
	{
		Setting: Setting{"usage_url", "URL or path", "", "What answers with status 429 say as usage_url. Empty: usage_path, which clients resolve against the URL that they called. Set it if they reach that path at another URL, such as behind a proxy that strips the beginning of paths."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.UsageURL }, parseUsageURL),
	},
	{
		Setting: Setting{keyRequests, "on or off", "off", "Lets people without a key ask for one, by POST to key_requests_path. Each request waits until an administrator approves it, with a plan, or rejects it; with the code from asking, the asker sees which, and picks the key up once. On each instance an address can ask 5 times, and then once in 10 minutes (of IPv6, a /64 counts as one), and all together 100 times, and then once in 10 seconds; 1,000 requests wait at most."},
		kind:    text,
		set:     into(func(c *Config) *bool { return &c.KeyRequests.Open }, parseOn),
	},
	{
		Setting: Setting{keyRequestsPath, "path or off", "/v1/key-requests", "Where keys are asked for (POST to this path, with key_requests), and below it where askers see what has become of it (/state) and keys are picked up (/pickup), also those of ration keys create --pickup; on the proxy and on the verify API. The upstream gets no request for them, whatever the routes say. Where this setting is not given and a route has one of these paths, it is off."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.KeyRequests.Path }, parseKeyRequestsPath),
	},
	{
		Setting: Setting{portalPath, "path or off", "off", "Where people who hold a key see in a browser what they have used and what remains: pages at this path and below it, such as /portal, on the proxy and on the verify API. The upstream gets no request for them, whatever the routes say. Only `ration dev` has it on by default."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Portal.Path }, parsePortalPath),
	},
	{
		Setting: Setting{"portal_url", "URL", "", "The public URL of portal_path, such as https://api.example.com/portal, for links and examples. Empty: the address at which a browser asks for the page."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Portal.URL }, parsePortalURL),
	},
	{
		Setting: Setting{"portal_name", "text", "API keys", "The name that the pages of portal_path show: your product's, at most 60 characters."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Portal.Name }, parsePortalName),
	},
	{
		Setting: Setting{"portal_logo", "path", "", "A file with the logo that these pages show: PNG, JPEG, WebP or SVG, at most 40 KiB."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Portal.Logo }, parseFile),
	},
	{
		Setting: Setting{"portal_color", "#rrggbb", "#3056d3", "The main colour of these pages. They darken or lighten it where text would not be readable."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Portal.Color }, parseColor),
	},
	{
		Setting: Setting{"portal_link", "URL", "", "Where the name and the logo of these pages lead: an https:// URL of your own site. Empty: to the first page."},
		kind:    text,
		set:     into(func(c *Config) *string { return &c.Portal.Link }, parsePortalLink),
	},
	{
		Setting: Setting{"portal_rotation", "on or off", "off", "Lets people who hold a secret replace it on these pages by a new one. Whoever has stolen a secret can then do the same."},
		kind:    text,
		set:     into(func(c *Config) *bool { return &c.Portal.Rotation }, parseOn),
	},
	{
		Setting: Setting{"portal_rotation_overlap", formDuration, "24h", "How long the former secret stays valid after that."},
		kind:    text,
		set:     duration(func(c *Config) *time.Duration { return &c.Portal.RotationOverlap }, 0, 366*24*time.Hour),
	},
}
