package certfile

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/ration-dev/ration/internal/inputfile"
)

// Files has the paths of a certificate and its key.
type Files struct {
	Cert string // path of the certificate, which is followed by the certificates that lead to its root
	Key  string // path of its private key, which must not be encrypted
}

// IsZero reports whether no file is named.
func (f Files) IsZero() bool { return f == Files{} }

// Error says what is wrong with one of the two files. It shows nothing of their
// content.
type Error struct {
	OfKey  bool // true: the key's file; false: the certificate's
	Reason string
}

// Error implements error.
func (e *Error) Error() string { return e.Reason }

// maxBytes bounds what is read of a file: more than any chain of certificates has.
const maxBytes = 1 << 20

// content is what two files hold.
type content struct{ cert, key string }

// read reads both files. Its error is an [Error].
func read(files Files) (content, error) {
	cert, _, err := readFile(files.Cert)
	if err != nil {
		return content{}, &Error{false, fmt.Sprintf("reading the certificate %q: %v", files.Cert, err)}
	}
	key, mode, err := readFile(files.Key)
	if err != nil {
		return content{}, &Error{true, fmt.Sprintf("reading the key %q: %v", files.Key, err)}
	}
	if readableByAll(mode) {
		return content{}, &Error{true, fmt.Sprintf("everybody on this machine can read the key %q (mode %04o); remove that right with 'chmod o-rwx'", files.Key, mode.Perm())}
	}
	return content{cert, key}, nil
}

// readFile reads a file that can be read again, and says what it is.
func readFile(path string) (text string, mode fs.FileMode, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, withoutPath(err)
	}
	if !info.Mode().IsDir() && !info.Mode().IsRegular() {
		return "", 0, errors.New("it is not a regular file; Ration reads it again when it changes, so it can't be a pipe or a device")
	}
	read, err := inputfile.Read(path, maxBytes)
	return string(read), info.Mode(), withoutPath(err)
}

// withoutPath leaves the path out of an error whose reader sees it already.
func withoutPath(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

// parse makes a certificate of what two files hold. Its error is an [Error].
func parse(files Files, held content) (*tls.Certificate, error) {
	block := firstOf(held.cert, "CERTIFICATE")
	if block == nil {
		return nil, &Error{false, fmt.Sprintf("%q contains no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----", files.Cert)}
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return nil, &Error{false, fmt.Sprintf("the certificate %q can't be read: %v", files.Cert, err)}
	}
	pair, err := tls.X509KeyPair([]byte(held.cert), []byte(held.key))
	if err != nil {
		return nil, &Error{true, keyFault(files, held)}
	}
	return &pair, nil
}

// keyFault says why a key does not go with a certificate that can be read.
func keyFault(files Files, held content) string {
	block := firstOf(held.key, "PRIVATE KEY")
	switch {
	case block == nil:
		return fmt.Sprintf("%q contains no private key in PEM form, which begins with -----BEGIN PRIVATE KEY-----", files.Key)
	case strings.HasPrefix(block.Type, "ENCRYPTED"), block.Headers["DEK-Info"] != "":
		return fmt.Sprintf("the key %q is encrypted; write it without a passphrase, such as with 'openssl pkey', readable by the server's user alone", files.Key)
	case !isKey(block.Bytes):
		return fmt.Sprintf("the key %q can't be read: use an RSA, ECDSA or Ed25519 key in PEM form", files.Key)
	}
	return fmt.Sprintf("the key %q does not belong to the certificate %q: they were made separately, or only one of them was renewed", files.Key, files.Cert)
}

// firstOf returns the first block in a text whose type ends in a kind, or nil.
func firstOf(text, kind string) *pem.Block {
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || strings.HasSuffix(block.Type, kind) {
			return block
		}
	}
}

// isKey reports whether a private key can be read, in any of its three forms.
func isKey(der []byte) bool {
	_, pkcs8 := x509.ParsePKCS8PrivateKey(der)
	_, pkcs1 := x509.ParsePKCS1PrivateKey(der)
	_, sec1 := x509.ParseECPrivateKey(der)
	return pkcs8 == nil || pkcs1 == nil || sec1 == nil
}
