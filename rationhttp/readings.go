package rationhttp

import (
	"encoding/base64"
	"net/url"
	"strings"
)

// maxDecodings is how often a text is percent-decoded at most: each server on the way
// may decode it once.
const maxDecodings = 3

// AnyReading calls holds with the readings of a text: the text itself,
// percent-decoded, decoded as the value of a form, and what its words hold in base64.
// It reports whether holds returned true for one of them. Least is the length of a
// secret in bytes. No reading is longer than its text, so AnyReading skips texts and
// words that are shorter.
func AnyReading(text string, least int, holds func(reading string) bool) bool {
	if len(text) < least {
		return false
	}
	for range maxDecodings {
		if holds(text) || anyBase64(text, least, holds) {
			return true
		}
		if strings.Contains(text, "+") && holds(percentDecoded(strings.ReplaceAll(text, "+", " "))) {
			return true
		}
		decoded := percentDecoded(text)
		if decoded == text {
			return false
		}
		text = decoded
	}
	return holds(text)
}

// percentDecoded decodes every valid percent sequence. What follows a stray percent
// sign stays as it is.
func percentDecoded(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	if decoded, err := url.PathUnescape(text); err == nil {
		return decoded
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if i+2 < len(text) {
			if decoded, err := url.PathUnescape(text[i : i+3]); text[i] == '%' && err == nil {
				out.WriteString(decoded)
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// anyBase64 decodes the words of a text that are long enough, padded or not. The two
// alphabets differ in two characters; those of one alphabet divide words of the
// other.
func anyBase64(text string, least int, holds func(string) bool) bool {
	shortest := base64.RawStdEncoding.EncodedLen(max(least, 1))
	for start := 0; len(text)-start >= shortest; {
		end := start
		for end < len(text) && base64Class[text[end]] != 0 {
			end++
		}
		if end-start >= shortest && anyAlphabet(text[start:end], shortest, holds) {
			return true
		}
		start = end + 1
	}
	return false
}

// anyAlphabet decodes a word by each alphabet that it may be written in. A word
// without the characters in which they differ is the same in both.
func anyAlphabet(word string, shortest int, holds func(string) bool) bool {
	if anyWord(word, inStandard, base64.RawStdEncoding, shortest, holds) {
		return true
	}
	return strings.ContainsAny(word, "-_+/") && anyWord(word, inURL, base64.RawURLEncoding, shortest, holds)
}

// anyWord decodes the words of one alphabet.
func anyWord(text string, alphabet byte, encoding *base64.Encoding, shortest int, holds func(string) bool) bool {
	for start := 0; len(text)-start >= shortest; {
		end := start
		for end < len(text) && base64Class[text[end]]&alphabet != 0 {
			end++
		}
		if end-start >= shortest {
			if decoded, err := encoding.DecodeString(text[start:end]); err == nil && holds(string(decoded)) {
				return true
			}
		}
		start = end + 1
	}
	return false
}

const (
	inStandard = 1 << iota
	inURL
)

// base64Class says which alphabets a byte belongs to.
var base64Class = func() (class [256]byte) {
	for c := range byte(128) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			class[c] = inStandard | inURL
		}
	}
	class['+'], class['/'] = inStandard, inStandard
	class['-'], class['_'] = inURL, inURL
	return class
}()

// Repeats reports whether a text holds a secret in one of the readings of
// [AnyReading], as [Holds] defines it. No text holds the empty secret.
func Repeats(text, secret string) bool {
	return secret != "" && AnyReading(text, len(secret), func(reading string) bool { return Holds(reading, secret) })
}

// Holds reports whether one reading of a text holds a secret. A secret of 16 bytes or
// more may be anywhere in it. A shorter secret could be an ordinary word, so it must
// be the whole text, or a part of "user:password".
func Holds(reading, secret string) bool {
	if len(secret) >= minTelling {
		return strings.Contains(reading, secret)
	}
	user, password, _ := strings.Cut(reading, ":")
	return reading == secret || user == secret || password == secret
}
