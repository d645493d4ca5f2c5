package megaport

import (
	"fmt"
	"io"
)

// Secret is a text that must not be shown: however it is formatted, encoded or
// logged it reads "[redacted]". Reveal is the one way to its value.
type Secret string

const redacted = "[redacted]"

// Reveal returns the value itself.
func (s Secret) Reveal() string { return string(s) }

// String hides the value.
func (Secret) String() string { return redacted }

// GoString hides the value.
func (Secret) GoString() string { return redacted }

// Format hides the value from every verb, also those that do not fit a text,
// where fmt would otherwise fall back to printing it.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText hides the value from encoders, YAML's and the logger's included.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON hides the value.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
