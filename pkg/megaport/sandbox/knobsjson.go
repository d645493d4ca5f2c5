package sandbox

import "fmt"

// ParseKnobs reads knobs from JSON, in the form of /_sandbox/knobs: durations are
// strings such as "2s", and a name that is not a knob's is an error.
func ParseKnobs(b []byte) (Knobs, error) {
	var k Knobs
	if err := decodeStrict(b, &k); err != nil {
		return Knobs{}, fmt.Errorf("sandbox knobs: %w", err)
	}
	return k, k.Validate()
}
