package profiles

import (
	"errors"
	"fmt"

	"github.com/ration-dev/ration/internal/config"
)

// Profile is a server and how it is asked.
type Profile struct {
	Server            string `yaml:"server"`
	TokenFile         string `yaml:"token_file,omitempty"` // absolute; empty: Token
	Token             string `yaml:"token,omitempty"`      // the token itself; empty: TokenFile
	CAFile            string `yaml:"ca_file,omitempty"`    // absolute; empty: the system's roots
	AcceptPlainServer bool   `yaml:"accept_plain_server,omitempty"`
}

// check returns what is wrong with a profile. It doesn't show the token.
func (p Profile) check() error {
	url, err := config.ParseServer(p.Server)
	switch {
	case err != nil:
		return err
	case url == "":
		return errors.New("server is missing")
	case (p.TokenFile == "") == (p.Token == ""):
		return errors.New("give either token_file or token")
	}
	if p.Token != "" {
		if _, err := config.ParseToken(p.Token); err != nil {
			return fmt.Errorf("token %w", err)
		}
	}
	return config.Server{URL: url, AcceptPlain: p.AcceptPlainServer}.Check()
}

// Open returns the server of a profile with its token. where says which file has the
// profile.
func (p Profile) Open(where string) (config.Server, error) {
	url, err := config.ParseServer(p.Server)
	server := config.Server{URL: url, CAFile: p.CAFile, AcceptPlain: p.AcceptPlainServer}
	if err != nil {
		return server, err
	}
	if p.TokenFile != "" {
		server.TokenFrom = "token_file " + p.TokenFile
		server.Token, err = config.ReadToken(p.TokenFile)
		return server, err
	}
	server.TokenFrom = "token in " + where
	server.Token, err = config.ParseToken(p.Token)
	return server, err
}
