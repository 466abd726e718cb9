package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"time"
)

// Config is all settings, checked. See the table for what each means.
type Config struct {
	DB                     Database
	Listen                 string
	APIListen              string
	Upstream               *url.URL // nil: no proxy
	UpstreamTimeout        time.Duration
	UpstreamHeaders        map[string]string // values are secrets: never log them
	TrustedProxies         []netip.Prefix
	Headers                string // draft10, legacy, both or off
	KeyHeader              string
	KeyBearer              bool
	KeyBasic               bool
	KeyQueryParameter      string // empty: keys are not taken from URLs
	SecretPrefix           string
	Pepper                 []byte // empty: none
	Lanes                  int    // 0: as many as the database makes use of
	AcceptUnsafeDurability bool
	ShutdownGrace          time.Duration
	ShutdownDelay          time.Duration
	LogFormat              string // text or json
	LogLevel               slog.Level

	// Notes is what an operator should know of how this came about, such as a
	// setting that two sources give. It holds no secret.
	Notes []string
}

// Database says where keys, plans and usage are kept. One of the fields is set.
type Database struct {
	Path string // of an SQLite file
	URL  string // of a PostgreSQL database; may hold a password
}

// Sources is where settings come from.
type Sources struct {
	File        string            // path of a YAML file; empty: none
	Environment []string          // "NAME=value"; only names that start with RATION_ count
	Flags       map[string]string // setting name → value, of the flags that were given
}

// fileVariable names the configuration file in the environment; it is no
// setting of the file.
const fileVariable = variablePrefix + "CONFIG"

// Load reads, merges and checks all settings. Its error tells every fault, each
// as an [Error], and where it is.
func Load(sources Sources) (Config, error) {
	environment, faults := readEnvironment(sources.Environment)
	if sources.File == "" {
		sources.File = environment.file
	}
	file, fileFaults := readFile(sources.File)
	faults = append(faults, fileFaults...)
	var config Config
	for i := range settings {
		faults = append(faults, config.apply(&settings[i], file, environment.values, sources.Flags)...)
	}
	if err := join(faults); err != nil {
		return Config{}, err
	}
	return config, nil
}

// apply sets one setting from the last source that gives it. A value that is
// outvoted is checked all the same: it would surprise once the other is gone.
func (c *Config) apply(s *setting, file map[string]fileValue, environment, flags map[string]string) (faults []*Error) {
	var unused Config
	target, source := c, ""
	take := func(where string, set func(*Config) error) {
		if err := set(target); err != nil {
			faults = append(faults, faultOf(where, s, err))
		}
		if source != "" {
			c.Notes = append(c.Notes, s.Name+" is given twice: "+source+" counts, "+where+" does not")
		} else {
			source = where
		}
		target = &unused
	}
	if text, given := flags[s.Name]; given {
		if s.secret(text) {
			c.Notes = append(c.Notes, s.Flag()+" holds a password, which other users can see in the list of processes; use "+s.Variable()+" instead")
		}
		take(s.Flag(), func(target *Config) error { return s.set(target, text) })
	}
	if text, given := environment[s.Name]; given {
		take(s.Variable(), func(target *Config) error { return s.set(target, text) })
	}
	if value, given := file[s.Name]; given {
		take(value.where, func(target *Config) error { return s.setFromFile(target, value) })
	}
	if source == "" && s.set != nil {
		take("default", func(target *Config) error { return s.set(target, s.Default) })
	}
	return faults
}
