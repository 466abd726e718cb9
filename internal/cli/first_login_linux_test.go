package cli_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ration-dev/ration/internal/cli"
)

// TestFirstStartAtATerminal prints a login link there.
func TestFirstStartAtATerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	person, program := terminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	shown := make(chan string, 1)
	go func() {
		var text bytes.Buffer
		buffer := make([]byte, 4096)
		for !strings.Contains(text.String(), "/login#") || !strings.HasSuffix(text.String(), "\n") {
			n, err := person.Read(buffer)
			text.Write(buffer[:n])
			if err != nil {
				break
			}
		}
		shown <- text.String()
		cancel()
		_, _ = io.Copy(io.Discard, person)
	}()
	code := cli.Main(ctx, []string{"serve", "--api-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, strings.NewReader(""), io.Discard, program, nil)
	text := <-shown
	if code != 0 || !regexp.MustCompile(`(?s)It works once, for 15 minutes.*\n  http://127\.0\.0\.1:[0-9]+/login#rk_login_[0-9A-Za-z]{38}\r?\n`).MatchString(text) {
		t.Errorf("exit code %d, and it shows\n%s", code, text)
	}
}
