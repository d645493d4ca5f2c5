package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// encode writes v as JSON. Durations are strings such as "1.5s".
func encode(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true),
		json.WithMarshalers(json.MarshalToFunc(func(e *jsontext.Encoder, d time.Duration) error {
			return e.WriteToken(jsontext.String(d.String()))
		})))
}

// decode reads JSON into v. Names are matched case-sensitively and unknown ones
// ignored, because real clients send keys that differ only by case (API facts
// §13, confidence A).
func decode(b []byte, v any, opts ...json.Options) error {
	opts = append(opts, json.WithUnmarshalers(json.UnmarshalFromFunc(readDuration)))
	return json.Unmarshal(b, v, opts...)
}

// decodeStrict is decode for the admin endpoints, where an unknown key is a typo
// of a person and not a habit of a client.
func decodeStrict(b []byte, v any) error {
	return decode(b, v, json.RejectUnknownMembers(true))
}

func readDuration(d *jsontext.Decoder, v *time.Duration) error {
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	if raw.Kind() == 'n' || string(raw) == "0" {
		*v = 0
		return nil
	}
	if raw.Kind() != '"' {
		return fmt.Errorf(`a duration is a string such as "2s", not %s`, raw)
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return err
	}
	*v, err = time.ParseDuration(string(text))
	return err
}

func newUUID() string { return uuid.NewString() }

// newTraceID gives the 32 hex digits of a Trace-Id header (API facts §1.5,
// confidence A).
func newTraceID() string { return strings.ReplaceAll(newUUID(), "-", "") }

// nullable gives the JSON null for an empty text, as the real API does for address
// parts and free text, and for the number or the time (epoch milliseconds) that is
// not there (API facts §4.2, confidence A).
func nullable[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

// matchAny reports whether one of the globs matches name; see matchGlob.
func matchAny(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return matchGlob(glob, name) })
}

// matchGlob matches with * for any run of characters, slashes included (port
// names contain them), and everything else literally.
func matchGlob(glob, name string) bool {
	first, rest, more := strings.Cut(glob, "*")
	name, starts := strings.CutPrefix(name, first)
	if !more || !starts {
		return starts && name == ""
	}
	for i := range len(name) + 1 {
		if matchGlob(rest, name[i:]) {
			return true
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// listOf lists the names of a table's rows, for messages.
func listOf[T any](rows []T, separator string, name func(T) string) string {
	var out []string
	for _, row := range rows {
		out = append(out, name(row))
	}
	return strings.Join(out, separator)
}
