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

// There are two sorts of fields. Where a decision hangs on one, a value of an
// impossible type is an error that names it: wireText, wireInt, wireBool, wireMoney.
// Where nothing hangs on it, or what hangs on it is safe when it is unknown, such a
// value counts as missing: looseText, looseInt, looseBool, looseDate. Both sorts
// read numbers and booleans that are written as texts.

// wireText is a JSON string or null.
type wireText struct {
	text string
	set  bool // false when missing or null
	// damaged is true when the text held what is no character, such as half an emoji
	// ("\ud83d"); each stands in text as U+FFFD. Such a text equals no other.
	damaged bool
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
		text, err := jsontext.AppendUnquote(nil, v)
		*w = wireText{text: string(text), set: true, damaged: err != nil}
		return nil
	}
	return wrongKind("a text", v)
}

// wireBool is a JSON boolean or null, perhaps as a text.
type wireBool struct {
	value, set bool
}

// UnmarshalJSONFrom accepts true, false, their texts, or null, nothing else.
func (w *wireBool) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch text := strings.ToLower(strings.TrimSpace(unquote(v))); {
	case v.Kind() == 'n':
		*w = wireBool{}
		return nil
	case v.Kind() == 't', v.Kind() == 'f':
		*w = wireBool{value: v.Kind() == 't', set: true}
		return nil
	case text == "true", text == "false":
		*w = wireBool{value: text == "true", set: true}
		return nil
	}
	return wrongKind("true or false", v)
}

// wireInt is a whole JSON number or null, perhaps as a text. 1000.0 and 1e3 are
// whole.
type wireInt struct {
	value int64
	set   bool
}

// UnmarshalJSONFrom accepts a whole number, its text, or null, nothing else.
func (w *wireInt) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	text, ok := numberText(v)
	switch {
	case v.Kind() == 'n':
		*w = wireInt{}
		return nil
	case ok:
		n, err := wholeNumber(text)
		*w = wireInt{value: n, set: err == nil}
		return err
	}
	return wrongKind("a whole number", v)
}

// numberText gives the digits of a number, which may be written as a text.
func numberText(v jsontext.Value) (string, bool) {
	switch v.Kind() {
	case '0':
		return string(v), true
	case '"':
		text := strings.TrimSpace(unquote(v))
		n := jsontext.Value(text)
		return text, n.Kind() == '0' && n.IsValid()
	}
	return "", false
}

func (w wireInt) int() int { return int(w.value) }

// strictly decodes one value as a strict type does, and says whether it could.
func strictly[T any](dec *jsontext.Decoder, into *T) (ok bool, err error) {
	v, err := dec.ReadValue()
	if err != nil {
		return false, err
	}
	return json.Unmarshal(v, into, tolerant()) == nil, nil
}

// looseText is a text, or the digits of a number, or "true" or "false"; anything
// else is missing.
type looseText struct{ text string }

// UnmarshalJSONFrom accepts any value.
func (w *looseText) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case '"':
		w.text = unquote(v)
	case '0', 't', 'f':
		w.text = string(v)
	default:
		w.text = ""
	}
	return nil
}

// looseInt is a wireInt to which anything else is missing.
type looseInt struct{ wireInt }

// UnmarshalJSONFrom accepts any value.
func (w *looseInt) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var n wireInt
	ok, err := strictly(dec, &n)
	if *w = (looseInt{}); ok {
		w.wireInt = n
	}
	return err
}

// looseDegrees is a coordinate; anything that is no number is missing.
type looseDegrees struct{ value float64 }

// UnmarshalJSONFrom accepts any value.
func (w *looseDegrees) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	*w = looseDegrees{}
	if digits, number := numberText(v); err == nil && number {
		w.value, _ = strconv.ParseFloat(digits, 64) // a number beyond all is out of any range
	}
	return err
}

// looseBool is a wireBool to which 0 and 1 are false and true, and anything else
// is missing.
type looseBool struct{ wireBool }

// UnmarshalJSONFrom accepts any value.
func (w *looseBool) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*w = looseBool{}
	if text, ok := numberText(v); ok && (text == "0" || text == "1") {
		w.wireBool = wireBool{value: text == "1", set: true}
		return nil
	}
	var b wireBool
	if json.Unmarshal(v, &b, tolerant()) == nil {
		w.wireBool = b
	}
	return nil
}

// looseDate is epoch milliseconds (API facts §4.2, confidence A) or a text of ISO
// 8601; anything else is missing.
type looseDate struct{ at time.Time } // zero when missing

// UnmarshalJSONFrom accepts any value.
func (w *looseDate) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	w.at = time.Time{}
	if digits, ok := numberText(v); ok {
		if ms, err := strconv.ParseFloat(digits, 64); err == nil && ms > 0 && ms < 1<<53 {
			w.at = time.UnixMilli(int64(ms)).UTC()
		}
		return nil
	}
	text := strings.TrimSpace(unquote(v))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			w.at = at.UTC()
			return nil
		}
	}
	return nil
}

// folded is the form in which statuses and product types are compared: the API
// writes them in upper case, and reads were seen in lower (API facts §3.2).
func folded(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }

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

// wireMoney is an amount, taken from the number's digits, or null, perhaps as a
// text.
type wireMoney struct {
	amount decimal.Decimal
	set    bool
}

// UnmarshalJSONFrom accepts a number, its text, or null, nothing else.
func (w *wireMoney) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	text, ok := numberText(v)
	switch {
	case v.Kind() == 'n':
		*w = wireMoney{}
		return nil
	case ok:
		amount, err := money(text)
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
		return fmt.Errorf("field %s occurs twice", fieldName(syntactic.JSONPointer))
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
