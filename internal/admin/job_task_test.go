package admin

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTaskRoundTrip fills each field of a change, so that none is forgotten.
func TestTaskRoundTrip(t *testing.T) {
	var change KeysChange
	fill(reflect.ValueOf(&change).Elem())
	change.Patch.IfUpdatedAt = change.Patch.IfUpdatedAt.UTC()
	task, err := writeTask(&change)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readTask(task)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(change, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) }), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("(-written +read):\n%s", diff)
	}
	for _, task := range []string{"", "{", `{"More": 1}`, `{"Patch": {"Sell": true}}`} {
		if _, err := readTask([]byte(task)); err == nil {
			t.Errorf("%q is read", task)
		}
	}
}

// fill gives each part of a value a value.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 7, 15, 12, 0, 0, 1000, time.UTC)))
		return
	}
	if v.Type().PkgPath() == "net/netip" {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString("a'b%_\\ \x00 \u2028")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(7)
	default:
		v.SetInt(7)
	}
}
