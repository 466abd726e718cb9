package keyimport

import (
	"fmt"
	"regexp"
	"strings"
)

// What a spreadsheet shows, and writes into a file, in place of text that looks like a
// number or a date.
var (
	asExponent  = regexp.MustCompile(`^[+-]?\d+([.,]\d+)?[eE][+-]?\d+$`)
	asThousands = regexp.MustCompile(`^\d{1,3}([.,' \x{a0}\x{202f}]\d{3})+([.,]\d+)?$`)
	asDate      = regexp.MustCompile(`^(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}-[A-Za-z]{3}(-\d{2,4})?|[A-Za-z]{3}-\d{2,4})( \d{1,2}:\d{2}(:\d{2})?)?$`)
	asFault     = regexp.MustCompile(`^(#+|#[A-Z/0]+[!?]?)$`)
	allDigits   = regexp.MustCompile(`^\d+$`)
)

// mostDigits is how many digits of a number spreadsheets keep; the others become 0.
const mostDigits = 15

const asText = "; export the column as text"

// mangled says how a spreadsheet has spoilt a secret, or nothing.
func mangled(text string) string {
	switch {
	case asExponent.MatchString(text):
		return "it is a number with an exponent, as spreadsheets shorten long ones, so digits are lost" + asText
	case asThousands.MatchString(text):
		return "it is a number with separators, as spreadsheets show it" + asText
	case asDate.MatchString(text):
		return "it is a date, as spreadsheets make of what looks like one" + asText
	case asFault.MatchString(text):
		return "it is what a spreadsheet shows where it can't show a value" + asText
	case allDigits.MatchString(text) && len(text) > mostDigits && strings.Trim(text[mostDigits:], "0") == "":
		return fmt.Sprintf("all digits after the %dth are 0, as spreadsheets keep no more of a number%s", mostDigits, asText)
	}
	return ""
}

// noteLostZeros finds secrets that a spreadsheet took for numbers, and whose leading
// zeros it dropped: all are digits, and some are shorter than most.
func (p *Plan) noteLostZeros() {
	count, usual := map[int]int{}, 0
	for _, record := range p.Records {
		text := record.Secret.Reveal()
		if record.Secret.IsZero() {
			continue
		}
		if !allDigits.MatchString(text) {
			return
		}
		if count[len(text)]++; count[len(text)] > count[usual] {
			usual = len(text)
		}
	}
	for _, record := range p.Records {
		if text := record.Secret.Reveal(); text != "" && len(text) < usual && count[usual] > 1 {
			p.note(Problem, record, "secret", fmt.Sprintf("it has %d digits and most have %d: a spreadsheet drops leading zeros of numbers%s", len(text), usual, asText))
		}
	}
}
