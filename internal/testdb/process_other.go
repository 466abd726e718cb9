//go:build !unix

package testdb

import (
	"errors"
	"os/exec"
)

var errNoUnix = errors.New("starting PostgreSQL for tests needs a unix system; set " + URLVariable)

type account struct{}

func serverAccount() (account, error) { return account{}, errNoUnix }

func (account) own(string) error { return nil }

func (account) apply(*exec.Cmd) {}

func killFamily(int) ([]int, error) { return nil, errNoUnix }

func running(int) bool { return false }

func pauseFamily(int) error { return errNoUnix }

func resumeFamily(int) error { return errNoUnix }

func killProcess(int) error { return errNoUnix }

func children(int) []int { return nil }
