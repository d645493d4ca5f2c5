package report

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/apply"
	"github.com/portctl/portctl/pkg/plan"
)

// Event is what the page takes of a line of `apply --events`: when a port was seen in a
// status, or its LOA saved.
type Event struct {
	Version int             `json:"v"`
	Time    time.Time       `json:"time"`
	Type    string          `json:"type"`
	UID     plan.ServiceUID `json:"uid"`
	Status  plan.Status     `json:"status"`
}

// maxLine is the longest line that is read: the last event holds a whole result.
const maxLine = 256 << 20

// ReadEvents reads event lines and keeps those that tell of ports. A last line that was
// cut off, as a run that was killed leaves it, is passed over; any other that cannot be
// read is an error with its number.
func ReadEvents(r io.Reader) ([]Event, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	var events []Event
	var broken error
	for n := 1; in.Scan(); n++ {
		if broken != nil {
			return nil, broken
		}
		var e Event
		if err := json.Unmarshal(in.Bytes(), &e); err != nil {
			broken = fmt.Errorf("line %d is no event: %w", n, err)
			continue
		}
		switch {
		case e.Version != apply.EventVersion:
			return nil, fmt.Errorf("line %d: events of version %d, and this portctl reads %d", n, e.Version, apply.EventVersion)
		case (e.Type == (apply.PortSeen{}).Type() || e.Type == (apply.LOASaved{}).Type()) && !e.Time.IsZero():
			events = append(events, e)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if broken != nil && len(events) == 0 {
		return nil, broken
	}
	return events, nil
}
