package cli

import (
	"bufio"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// readRequest reads a request as a server does. No error shows the path, which
// may have a secret in it.
func readRequest(args, header []string) (*http.Request, error) {
	method, path := args[0], args[1]
	if err := checkRequestLine(method, path); err != nil {
		return nil, err
	}
	head := method + " " + path + " HTTP/1.1\r\nHost: api.example\r\n"
	for _, line := range header {
		if !isHeaderLine(line) {
			return nil, usagef(`--header is "Name: value", such as 'Origin: https://app.example.com'`)
		}
		head += line + "\r\n"
	}
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n")))
	if fault, ok := errors.AsType[*url.Error](err); ok {
		return nil, usagef("PATH is refused by every server as malformed (400): %s", fault.Err)
	}
	if err != nil {
		return nil, usagef("METHOD or --header is refused by every server as malformed (400): %s", err)
	}
	return request, nil
}

// checkRequestLine refuses what can't be in any request, in words that say why.
func checkRequestLine(method, path string) error {
	switch {
	case !strings.HasPrefix(path, "/"):
		return usagef(`PATH begins with "/", as a client sends it, without scheme and host`)
	case hasBreak(path):
		return usagef("PATH has a space or a control character, which no request line can have; write %%20 for a space")
	case method == "" || hasBreak(method):
		return usagef("METHOD is %q: use a method such as GET", method)
	}
	return nil
}

// hasBreak reports whether a text would end the word of a request line that it is in.
func hasBreak(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f })
}

func isHeaderLine(line string) bool {
	name, value, found := strings.Cut(line, ":")
	return found && name != "" && strings.Trim(name, " \t") == name && !strings.EqualFold(name, "Host") && !strings.ContainsAny(value, "\r\n\x00")
}
