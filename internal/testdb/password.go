package testdb

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

// scramIterations is how often a client hashes the password each time it connects.
// PostgreSQL's default of 4096 slows down whoever tries passwords. A test binary with
// the race detector spends 10 ms on it, thousands of times, for a random password
// that lives as long as its cluster.
const scramIterations = 1

// scramVerifier returns what PostgreSQL stores in place of a password (RFC 5803), of
// which setting the number of iterations needs PostgreSQL 16.
func scramVerifier(password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("hashing a test cluster's password: %w", err)
	}
	storedKey := sha256.Sum256(sign(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, encode(salt), encode(storedKey[:]), encode(sign(salted, "Server Key"))), nil
}

func sign(key []byte, message string) []byte {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(message)) // never fails
	return mac.Sum(nil)
}

// writeSecret writes a file that the server's user may read, and nobody else.
func (c *Cluster) writeSecret(path, secret string) error {
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		return fmt.Errorf("writing a test cluster's password: %w", err)
	}
	if err := c.account.own(path); err != nil {
		return fmt.Errorf("handing %s to the server's user: %w", path, err)
	}
	return nil
}

func (c *Cluster) passwordFile() string { return filepath.Join(c.dir, "password") }

func (c *Cluster) verifierFile() string { return filepath.Join(c.dir, "verifier") }
