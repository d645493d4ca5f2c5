package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/apply/panics"
	"github.com/portctl/portctl/pkg/plan"
)

// Handover is what somebody noted of a port after its order: that its LOA was sent to
// the data centre, or that the cross connect is ordered there. It says nothing of the
// order, and neither a plan nor an apply reads it.
type Handover struct {
	Schema int             `json:"schema"`
	UID    plan.ServiceUID `json:"uid"`
	// LOA is the SHA-256 hash of the LOA that was sent; empty when Order is set.
	LOA string `json:"loa,omitzero"`
	// Order is the data centre's own number of the cross connect.
	Order string    `json:"order,omitzero"`
	Run   string    `json:"run"`
	By    string    `json:"by"`
	Time  time.Time `json:"time"`
}

func handoverPrefix(host string) string { return "handover/" + host + "/" }

// NoteHandover adds a note; none is ever changed.
func (l *Ledger) NoteHandover(ctx context.Context, h Handover) error {
	h.Schema, h.Run, h.By, h.Time = Schema, l.run.ID, l.run.By, l.Now()
	content, err := encode(h)
	if err == nil {
		err = checkSegment(string(h.UID))
	}
	if err != nil {
		return l.fail("noting the hand-over of "+string(h.UID), err)
	}
	// The time orders the notes of a port; those of one instant stand one behind the other.
	for at := h.Time.UnixNano(); ; at++ {
		err := l.store.Create(ctx, fmt.Sprintf("%s%s/%020d-%s.json", handoverPrefix(l.host), h.UID, at, h.Run), content)
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrExists) {
			return l.fail("noting the hand-over of "+string(h.UID), err)
		}
	}
}

// Handovers are the notes of all ports, of each the oldest first. A note that cannot be
// read is left out: nothing hangs on it.
func (l *Ledger) Handovers(ctx context.Context) (map[plan.ServiceUID][]Handover, error) {
	keys, err := l.store.List(ctx, handoverPrefix(l.host))
	if err != nil {
		return nil, l.fail("listing the hand-overs", err)
	}
	notes := make([]Handover, len(keys))
	g, gctx := panics.WithContext(ctx, 16)
	for i, key := range keys {
		g.Go(func() error {
			content, err := l.store.Read(gctx, key)
			if err != nil {
				return err
			}
			if json.Unmarshal(content, &notes[i]) != nil || checkSchema(notes[i].Schema) != nil {
				notes[i] = Handover{}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, l.fail("reading the hand-overs", err)
	}
	of := map[plan.ServiceUID][]Handover{}
	for i, n := range notes {
		rest := strings.TrimPrefix(keys[i], handoverPrefix(l.host))
		if uid, _, _ := strings.Cut(rest, "/"); n.UID != "" && string(n.UID) == uid {
			of[n.UID] = append(of[n.UID], n)
		}
	}
	return of, nil // by their keys, and so by time
}
