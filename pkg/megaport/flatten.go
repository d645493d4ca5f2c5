package megaport

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// flatten turns an error's data into readable reasons. It may be missing, a
// text, a list of texts or objects, or a map (API facts §1.7, confidence A/C).
// Of an object that has an "error" or a "message", only that is a reason; the
// rest repeats it in the API's own words.
func flatten(data jsontext.Value) []string {
	f := &flattener{}
	if len(data) > 0 {
		f.value("", data, 0)
	}
	if f.dropped > 0 {
		f.reasons = append(f.reasons, fmt.Sprintf("and %d more", f.dropped))
	}
	return f.reasons
}

type flattener struct {
	reasons []string
	dropped int
}

func (f *flattener) add(label, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if label != "" {
		text = label + ": " + text
	}
	if len(f.reasons) >= maxReasons {
		f.dropped++
		return
	}
	f.reasons = append(f.reasons, text)
}

func (f *flattener) value(label string, v jsontext.Value, depth int) {
	switch kind := v.Kind(); {
	case kind == 'n':
	case kind == '"':
		f.add(label, unquote(v))
	case kind == '[' && depth < 8:
		f.list(label, v, depth)
	case kind == '{' && depth < 8:
		f.object(label, v, depth)
	default:
		f.add(label, string(v))
	}
}

func (f *flattener) list(label string, v jsontext.Value, depth int) {
	for _, item := range elements(v) {
		f.value(label, item, depth+1)
	}
}

func (f *flattener) object(label string, v jsontext.Value, depth int) {
	names, values := members(v)
	for _, key := range []string{"error", "message"} {
		for i, name := range names {
			if name == key && values[i].Kind() == '"' && unquote(values[i]) != "" {
				f.add(label, strings.TrimSuffix(unquote(values[i])+": "+described(names, values), ": "))
				return
			}
		}
	}
	for i, name := range names {
		if label != "" {
			name = label + "." + name
		}
		f.value(name, values[i], depth+1)
	}
}

// described is what a token server says besides its "error" (RFC 6749 §5.2).
func described(names []string, values []jsontext.Value) string {
	if i := slices.Index(names, "error_description"); i >= 0 {
		return unquote(values[i])
	}
	return ""
}

// elements lists a list's elements; there are none in anything else.
func elements(v jsontext.Value) (list []jsontext.Value) {
	_ = json.Unmarshal(v, &list, tolerant(), jsontext.AllowDuplicateNames(true)) // as far as they can be read
	return list
}

// members lists an object's members in their own order.
func members(v jsontext.Value) (names []string, values []jsontext.Value) {
	dec := tolerantDecoder(v)
	_, _ = dec.ReadToken()
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			break
		}
		key := name.String()
		item, err := dec.ReadValue()
		if err != nil {
			break
		}
		names, values = append(names, key), append(values, item.Clone())
	}
	return names, values
}

// tolerantDecoder reads what is only shown, never relied on.
func tolerantDecoder(v []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// unquote is the text of a JSON string; empty for anything else.
func unquote(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil && len(text) == 0 {
		return ""
	}
	return string(text)
}
