package admin_test

import (
	"context"
	"errors"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/sqlite"
)

// BenchmarkRefusedTokens asks whether the time of a refusal says anything about tokens.
// It takes guesses that nobody has, and those that share all but their last digits with a
// valid token, in random order, and reports Welch's t for their two means: if both are
// alike, it is between -4.5 and 4.5, as dudect (Reparaz and others, 2017) takes it. For
// comparison it reports t for a token that was revoked: whoever asks about it has the
// token, so what its time says is known. Run it with -benchtime 20000x or more.
func BenchmarkRefusedTokens(b *testing.B) {
	store, err := sqlite.Open(b.Context(), sqlite.Config{Path: filepath.Join(b.TempDir(), "ration.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	service, checker := admin.New(store, admin.Config{}), admin.NewTokenChecker(store, admin.Config{})
	defer func() { _ = checker.Close(context.Background()) }()
	create := func(name string) string {
		issued, err := service.CreateToken(b.Context(), actor, admin.NewToken{Name: name, Scopes: []string{admin.ScopeRead}})
		if err != nil {
			b.Fatal(err)
		}
		return issued.Secret.Reveal()
	}
	valid, revoked := create("valid"), create("revoked")
	if _, err := service.RevokeToken(b.Context(), actor, "revoked"); err != nil {
		b.Fatal(err)
	}
	var times [3][]float64
	for b.Loop() {
		// All three are made each time, so that caches say nothing of which is asked about.
		guesses := [3]ration.Secret{ration.NewSecret("rk_token"), nearTo(valid), ration.SecretFromText(revoked)}
		class := rand.IntN(len(guesses))
		start := time.Now()
		_, err := checker.Check(b.Context(), guesses[class], admin.ScopeRead)
		times[class] = append(times[class], float64(time.Since(start)))
		if !errors.Is(err, admin.ErrTokenInvalid) {
			b.Fatal(err)
		}
	}
	for i := range times {
		slices.Sort(times[i])
		times[i] = times[i][:len(times[i])*9/10] // the rest says what else the machine did
	}
	if len(times[0]) > 1 && len(times[1]) > 1 && len(times[2]) > 1 {
		b.ReportMetric(welch(times[1], times[0]), "t-near")
		b.ReportMetric(welch(times[2], times[0]), "t-revoked")
	}
}

// nearTo returns a token that differs from another in the last random digit, which it
// has with a right checksum, so that it is looked up.
func nearTo(token string) ration.Secret {
	const digits, checksum = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 6
	for body := []byte(token[:len(token)-checksum]); ; {
		body[len(body)-1] = digits[rand.IntN(len(digits))]
		sum, text := crc32.ChecksumIEEE(body), make([]byte, checksum)
		for i := range slices.Backward(text) {
			text[i] = digits[sum%62]
			sum /= 62
		}
		if near := ration.SecretFromText(string(body) + string(text)); near.Reveal() != token && near.Generated() {
			return near
		}
	}
}

// welch returns the t statistic of two samples' means.
func welch(a, b []float64) float64 {
	meanA, errorA := meanAndError(a)
	meanB, errorB := meanAndError(b)
	return (meanA - meanB) / math.Sqrt(errorA+errorB)
}

// meanAndError returns the mean, and the square of its standard error.
func meanAndError(sample []float64) (mean, squared float64) {
	n := float64(len(sample))
	for _, value := range sample {
		mean += value / n
	}
	for _, value := range sample {
		squared += (value - mean) * (value - mean) / (n - 1) / n
	}
	return mean, squared
}
