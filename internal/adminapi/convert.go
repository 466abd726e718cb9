package adminapi

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/ration-dev/ration"
	"github.com/ration-dev/ration/api"
	"github.com/ration-dev/ration/internal/admin"
	"github.com/ration-dev/ration/rationadmin"
)

// at says where in a request's body a value is that an operation can't take.
func at(pointer string, err error) error {
	if invalid, ok := errors.AsType[*ration.InvalidError](err); ok {
		return invalidValue(pointer, invalid.Reason)
	}
	return err
}

// each reads the texts of a list.
func each[T any](member string, texts []string, parse func(string) (T, error)) ([]T, error) {
	if texts == nil {
		return nil, nil
	}
	values := make([]T, 0, len(texts))
	for i, text := range texts {
		value, err := parse(text)
		if err != nil {
			return nil, at(fmt.Sprintf("/%s/%d", member, i), err)
		}
		values = append(values, value)
	}
	return values, nil
}

func readLimits(member string, texts []string) ([]ration.Limit, error) {
	return each(member, texts, ration.ParseLimit)
}

func readLimitKeys(member string, texts []string) ([]ration.LimitKey, error) {
	return each(member, texts, admin.ParseLimitKey)
}

func readOverrides(member string, limits []api.NewOverride) ([]ration.Override, error) {
	overrides := make([]ration.Override, 0, len(limits))
	for i, limit := range limits {
		override, err := admin.ParseOverride(limit.Limit)
		if err != nil {
			return nil, at(fmt.Sprintf("/%s/%d/limit", member, i), err)
		}
		override.ExpiresAt = instant(limit.ExpiresAt)
		overrides = append(overrides, override)
	}
	return overrides, nil
}

func readPrefixes(member string, texts []string) ([]netip.Prefix, error) {
	return each(member, texts, admin.ParseIPPrefix)
}

func readKeyID(text string) (ration.KeyID, error) {
	id, err := ration.ParseKeyID(text)
	if err != nil {
		return id, &Refusal{Status: 404, Code: string(ration.CodeNotFound), Detail: "There is no key with this id. A key's id is key_ and a UUID."}
	}
	return id, nil
}

// readKeyParameter reads the id of a key in the query; the empty text is none.
func readKeyParameter(text string) (ration.KeyID, error) {
	if text == "" {
		return ration.KeyID{}, nil
	}
	id, err := ration.ParseKeyID(text)
	if err != nil {
		return id, invalidForm("?key", "a key's id is key_ and a UUID")
	}
	return id, nil
}

func readAmounts(amounts map[string]api.Number) ([]ration.Amount, error) {
	read := make([]ration.Amount, 0, len(amounts))
	for meter, number := range amounts {
		amount, err := readNumber("/amounts/"+meter, meter, number)
		if err != nil {
			return nil, err
		}
		read = append(read, amount)
	}
	return read, nil
}

func instant(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func readFilter(f api.KeyFilter) admin.KeyFilter {
	return admin.KeyFilter{Owner: f.Owner, Plan: f.Plan, Status: ration.Status(f.Status), Name: f.Name, Unlimited: rationadmin.Unlimited(f.Unlimited)}
}

// readAddress reads an IP address; the empty text is none.
func readAddress(pointer, text string) (netip.Addr, error) {
	if text == "" {
		return netip.Addr{}, nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, invalidValue(pointer, `use an IP address such as "203.0.113.7"`)
	}
	return addr, nil
}

// below says that the faults of a part of the body are at a pointer.
func below(pointer string, err error) error {
	refused, ok := errors.AsType[*Refusal](err)
	if !ok {
		return err
	}
	moved := *refused
	moved.Errors = nil
	for _, fault := range refused.Errors {
		moved.Errors = append(moved.Errors, api.FieldError{Pointer: pointer + fault.Pointer, Detail: fault.Detail})
	}
	return &moved
}

// element points at an element of a list.
func element(member string, i int) string { return fmt.Sprintf("/%s/%d", member, i) }
