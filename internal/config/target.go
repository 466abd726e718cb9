package config

import (
	"slices"
	"strings"
)

// Target says what commands work on: a database, a server, or the server of a profile.
type Target struct {
	Setting string // which setting names it: "db", "server" or "profile"; empty: none does
	Where   string // where that setting is given: "--server", "RATION_DB", "ration.yaml:3:9"
}

// targets are the settings of which one says what commands work on.
var targets = []string{"db", serverSetting, "profile"}

// settleTarget finds the setting that counts. The command line comes before the
// environment, and that before the file. Within one of these, two contradict each other.
func (c *Config) settleTarget(file map[string]fileValue, environment map[string]string, sources Sources) []*Error {
	if _, fixed := sources.Fixed["db"]; fixed {
		c.Target = Target{Setting: "db"}
		return nil
	}
	for _, source := range []func(*setting) []given{
		func(s *setting) []given { return s.given(nil, nil, named(sources.Flags, s)) },
		func(s *setting) []given { return s.given(nil, named(environment, s), nil) },
		func(s *setting) []given { return s.given(file, nil, nil) },
	} {
		var found []Target
		for _, name := range targets {
			if first := source(find(name))[0]; first.where != defaultWhere {
				found = append(found, Target{name, first.where})
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			c.Target = found[0]
			return nil
		}
		where := make([]string, len(found))
		for i := range found {
			where[i] = found[i].Where
		}
		return []*Error{{found[1].Where, "contradicts " + strings.Join(slices.Delete(where, 1, 2), " and ") +
			": name either a database (db), a server (server) or a profile (profile)"}}
	}
	return nil
}

// named returns the value of a setting among others, unless it is empty.
func named(values map[string]string, s *setting) map[string]string {
	if values[s.Name] == "" {
		return nil
	}
	return map[string]string{s.Name: values[s.Name]}
}
