package megaport

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"
)

// What stands on the wire. Names are matched case-sensitively, because bodies
// hold names that differ by case alone (API facts §13, confidence A).

// wireText is a JSON string or null.
type wireText struct {
	text string
	set  bool // false when missing or null
}

// UnmarshalJSONFrom accepts a string or null, nothing else.
func (w *wireText) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*w = wireText{}
		return nil
	case '"':
		*w = wireText{text: unquote(v), set: true}
		return nil
	}
	return wrongKind("a text", v)
}

// wireBool is a JSON boolean or null.
type wireBool struct {
	value, set bool
}

// UnmarshalJSONFrom accepts true, false or null, nothing else.
func (w *wireBool) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*w = wireBool{}
		return nil
	case 't', 'f':
		*w = wireBool{value: v.Kind() == 't', set: true}
		return nil
	}
	return wrongKind("true or false", v)
}

// wireInt is a whole JSON number or null. 1000.0 and 1e3 are whole.
type wireInt struct {
	value int64
	set   bool
}

// UnmarshalJSONFrom accepts a whole number or null, nothing else.
func (w *wireInt) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*w = wireInt{}
		return nil
	case '0':
		n, err := wholeNumber(string(v))
		*w = wireInt{value: n, set: err == nil}
		return err
	}
	return wrongKind("a whole number", v)
}

func (w wireInt) int() int { return int(w.value) }

// wholeNumber reads a JSON number that has to be whole.
func wholeNumber(text string) (int64, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	// 2^53 bounds what a float holds exactly; ids and milliseconds are far below.
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 || !strings.ContainsAny(text, ".eE") {
		return 0, fmt.Errorf("want a whole number, not %s", printable(text, 40))
	}
	return int64(f), nil
}

// wireDate is epoch milliseconds or null (API facts §4.2, confidence A).
type wireDate struct {
	wireInt
}

// UnmarshalJSONFrom accepts a whole number or null, nothing else.
func (w *wireDate) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	return w.wireInt.UnmarshalJSONFrom(dec)
}

// time is zero for null, for a missing date and for 0.
func (w wireDate) time() time.Time {
	if !w.set || w.value == 0 {
		return time.Time{}
	}
	return time.UnixMilli(w.value).UTC()
}

// wireMoney is an amount, taken from the number's digits, or null.
type wireMoney struct {
	amount decimal.Decimal
	set    bool
}

// UnmarshalJSONFrom accepts a number or null, nothing else.
func (w *wireMoney) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*w = wireMoney{}
		return nil
	case '0':
		amount, err := money(string(v))
		*w = wireMoney{amount: amount, set: err == nil}
		return err
	}
	return wrongKind("an amount", v)
}

// money reads an amount of at most 18 digits before and after the point. The
// bound keeps a mad exponent from growing into gigabytes of digits.
func money(text string) (decimal.Decimal, error) {
	mad := fmt.Errorf("want an amount of money, not %s", printable(text, 40))
	if len(text) > 40 {
		return decimal.Decimal{}, mad
	}
	d, err := decimal.NewFromString(text)
	if err != nil || d.Exponent() > 18 || d.Exponent() < -18 || d.NumDigits() > 36 {
		return decimal.Decimal{}, mad
	}
	return d, nil
}

func wrongKind(want string, v jsontext.Value) error {
	got := map[jsontext.Kind]string{'"': "a text", '0': "a number", 't': "true", 'f': "false", '{': "an object", '[': "a list", 'n': "null"}[v.Kind()]
	return fmt.Errorf("want %s, not %s", want, got)
}

// fieldError puts a decoder's error into words: the field and what is wrong.
func fieldError(err error) error {
	var semantic *json.SemanticError
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.As(err, &semantic) && semantic.Err != nil:
		return fmt.Errorf("field %s: %w", fieldName(semantic.JSONPointer), semantic.Err)
	case errors.As(err, &semantic):
		return fmt.Errorf("field %s: a %s does not fit", fieldName(semantic.JSONPointer), semantic.JSONKind)
	case errors.As(err, &syntactic) && errors.Is(err, jsontext.ErrDuplicateName):
		return fmt.Errorf("field %s stands there twice", fieldName(syntactic.JSONPointer))
	}
	return err
}

func fieldName(p jsontext.Pointer) string {
	name := strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
	if name == "" {
		return "(the whole)"
	}
	return printable(name, 80)
}
