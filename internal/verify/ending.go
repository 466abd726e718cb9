package verify

import "github.com/ration-dev/ration"

// ending is how a caller wants a reservation to end.
type ending struct {
	settles bool // or it is voided
	amounts amounts
	overage ration.Overage // empty: not said
	key     ration.KeyID
}

// parse reads an [api.SettleRequest] or an [api.VoidRequest]. Like a question it
// takes nothing that it doesn't know: misspelt amounts must not count all that
// was reserved.
func (e *ending) parse(body []byte) error {
	return scan(body, e.member)
}

func (e *ending) member(name string, s *scanner) error {
	pointer := "/" + escapePointer(name)
	switch {
	case name == "key":
		return e.readKey(pointer, s)
	case e.settles && name == "amounts":
		return e.amounts.read(pointer, s)
	case e.settles && name == "over":
		return e.readOverage(pointer, s)
	case e.settles:
		return invalidBody(pointer, "unknown member; use amounts, over and key")
	}
	return invalidBody(pointer, "unknown member; use key")
}

func (e *ending) readKey(pointer string, s *scanner) error {
	text, err := s.text(pointer)
	if err != nil || text == "" {
		return err
	}
	if e.key, err = ration.ParseKeyID(text); err != nil {
		return invalidValue(pointer, `use the id of a key, which begins with "key_"`)
	}
	return nil
}

func (e *ending) readOverage(pointer string, s *scanner) error {
	text, err := s.text(pointer)
	if err != nil || text == "" {
		return err
	}
	if e.overage, err = ration.ParseOverage(text); err != nil {
		return invalidValue(pointer, "use refuse, clamp or overage")
	}
	return nil
}
