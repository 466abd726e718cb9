package admin

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/ration-dev/ration"
)

const (
	// maxWords is how many words of a name, of an owner, and of a search count.
	maxWords = 20
	// maxWordLength is how many characters of a word are stored.
	maxWordLength = 40
	// maxStartLength is more than the start of a secret that is kept has.
	maxStartLength = 16
)

// KeyWords returns the words by which a key is found, each once, as they are stored: the
// first characters of long ones.
func KeyWords(key *ration.Key) []string {
	words := wordsOf(key)
	for i, word := range words {
		words[i] = storedWord(word)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func wordsOf(key *ration.Key) []string {
	return append(foldedWords(key.Name), foldedWords(key.Owner)...)
}

// storedWord returns what a word, or the beginning of one, is stored as.
func storedWord(word string) string {
	length := 0
	for i := range word {
		if length++; length > maxWordLength {
			return word[:i]
		}
	}
	return word
}

// foldedWords returns the first words of a text without what makes no difference: case,
// accents, and the forms of one letter.
func foldedWords(text string) []string {
	words := strings.FieldsFunc(fold(text), func(r rune) bool { return !isOfWord(r) })
	return words[:min(len(words), maxWords)]
}

// isOfWord reports whether a character belongs to words: letters, digits, and symbols that
// are not punctuation, such as emoji.
func isOfWord(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
	}
	return unicode.In(r, unicode.L, unicode.N, unicode.Mc, unicode.So, unicode.Sk)
}

// fold folds a text in the way of Unicode's compatibility caseless match, and drops marks
// that don't take space. It never asks the database, of which each has its own rules.
func fold(text string) string {
	if isPlain(text) {
		return strings.ToLower(text)
	}
	folding := cases.Fold()
	folded := folding.String(norm.NFD.String(text))
	folded = norm.NFKD.String(folding.String(norm.NFKD.String(folded)))
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			return -1
		}
		return r
	}, folded)
}

func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// KeySearch is what somebody looks for among keys.
type KeySearch struct {
	Words      []string     // each is the beginning of a stored word of a key that is found by its words
	Start, End string       // or how one of its secrets starts, and ends; no start: none does
	ID         ration.KeyID // or its id; zero: the text is none
	full       []string     // the words, however long they are
}

// NewKeySearch reads a text that is not empty.
func NewKeySearch(text string) *KeySearch {
	search := &KeySearch{full: foldedWords(text)}
	for _, word := range search.full {
		search.Words = append(search.Words, storedWord(word))
	}
	start, end, _ := strings.Cut(text, "…") // as lists show a secret
	if utf8.RuneCountInString(start) <= maxStartLength {
		search.Start, search.End = start, end
	}
	for _, id := range []string{text, "key_" + text} {
		if id, err := ration.ParseKeyID(id); err == nil {
			search.ID = id
		}
	}
	return search
}

// FindsKey reports whether a key is found by its id or its words.
func (s *KeySearch) FindsKey(key *ration.Key) bool {
	if key.ID == s.ID {
		return true
	}
	words := wordsOf(key)
	for _, beginning := range s.full {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, beginning) }) {
			return false
		}
	}
	return len(s.full) > 0
}

// FindsSecret reports whether a key is found by how one of its secrets is shown.
func (s *KeySearch) FindsSecret(start, end string) bool {
	if s.End != "" {
		return s.Start == start && s.End == end
	}
	return s.Start != "" && strings.HasPrefix(start, s.Start)
}
