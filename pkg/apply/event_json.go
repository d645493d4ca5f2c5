package apply

import (
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/portctl/portctl/pkg/plan"
)

// EventVersion is the version of the event lines. It changes when a member is
// taken away or means something else; new members and types do not change it.
const EventVersion = 1

// EventWriter writes events as NDJSON: one JSON object per line, with v, seq,
// time and type first. docs/events.md describes every type. It is for one run,
// and for one goroutine at a time.
type EventWriter struct {
	w     io.Writer
	clock func() time.Time
	seq   int
	err   error
}

// NewEventWriter writes to w; clock tells the time.
func NewEventWriter(w io.Writer, clock func() time.Time) *EventWriter {
	return &EventWriter{w: w, clock: clock}
}

// Event writes the line of an event. After a failure nothing more is written, so
// that a reader never sees a line that follows a broken one; see Err.
func (w *EventWriter) Event(e Event) {
	if w.err != nil {
		return
	}
	w.seq++
	line, err := EncodeEvent(e, w.seq, w.clock())
	if err == nil {
		_, err = w.w.Write(line)
	}
	w.err = err
}

// Err is what went wrong first, or nil.
func (w *EventWriter) Err() error { return w.err }

// EncodeEvent is the line of an event with its final newline.
func EncodeEvent(e Event, seq int, at time.Time) ([]byte, error) {
	name, body := wireEvent(e)
	if name == "" {
		return nil, fmt.Errorf("event %T has no line", e)
	}
	head, err := json.Marshal(struct {
		V    int       `json:"v"`
		Seq  int       `json:"seq"`
		Time time.Time `json:"time"`
		Type string    `json:"type"`
	}{EventVersion, seq, at.UTC(), name})
	if err != nil {
		return nil, err
	}
	members, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	line := head
	if len(members) > len("{}") { // two objects become one
		line = append(append(head[:len(head)-1], ','), members[1:]...)
	}
	return append(line, '\n'), nil
}

type wireRun struct {
	Tool        string            `json:"tool"`
	Environment string            `json:"environment"`
	BaseURL     string            `json:"baseURL"`
	Inventory   plan.InventoryRef `json:"inventory"`
	Orders      int               `json:"orders"`
	Services    int               `json:"services"`
	Updates     int               `json:"updates"`
	Cancels     int               `json:"cancels"`
	Ports       int               `json:"ports"`
	Ready       int               `json:"ready"`
	Letters     int               `json:"letters"`
	Kept        int               `json:"kept"`
	Parallelism int               `json:"parallelism"`
	Wait        float64           `json:"waitSeconds"`
	Totals      plan.Totals       `json:"totals"`
	Planned     []Planned         `json:"planned"`
}

type wireOrder struct {
	Name    string            `json:"name"`
	Outcome Outcome           `json:"outcome"`
	UIDs    []plan.ServiceUID `json:"uids"`
	Price   plan.Price        `json:"price"`
	Error   *Failure          `json:"error"`
	FoundBy string            `json:"foundBy,omitzero"`
}

type wireChange struct {
	Kind      plan.Kind          `json:"action"`
	Name      string             `json:"name"`
	Outcome   Outcome            `json:"outcome"`
	Error     *Failure           `json:"error"`
	Cancelled []CancelledService `json:"cancelled,omitzero"`
}

type wireBusy struct {
	Request string  `json:"request"`
	Wait    float64 `json:"waitSeconds"`
}

type wireStart struct {
	Kind plan.Kind `json:"action"`
	Name string    `json:"name"`
}

type wirePort struct {
	Name    string          `json:"name"`
	UID     plan.ServiceUID `json:"uid"`
	Status  plan.Status     `json:"status"`
	Elapsed float64         `json:"elapsedSeconds"`
}

type wireLetter struct {
	Name string          `json:"name"`
	UID  plan.ServiceUID `json:"uid"`
	File string          `json:"file,omitzero"`
	// Error is missing when there is a file.
	Error *Failure `json:"error,omitzero"`
	// Final says that it was refused for good.
	Final bool `json:"final,omitzero"`
}

type wireFailure struct {
	Name  string   `json:"name,omitzero"`
	Error *Failure `json:"error"`
}

// wireEvent is the type of an event and its members as they are written.
func wireEvent(e Event) (name string, members any) {
	type named struct {
		Name string `json:"name"`
	}
	switch e := e.(type) {
	case RunStarted:
		return "run-started", wireRun{
			e.Tool, e.Environment, e.BaseURL, e.Inventory, e.Orders, e.Services, e.Updates, e.Cancels,
			e.Ports, e.Ready, e.Letters, e.Kept, e.Parallelism, seconds(e.Wait), e.Totals, e.Planned,
		}
	case OrderStarted:
		return "order-started", named(e)
	case OrderFinished:
		return "order-finished", wireOrder{e.Name, e.Outcome, e.UIDs, e.Price, e.Failure, e.FoundBy}
	case PaceChanged:
		return "pace-changed", struct {
			Parallelism int `json:"parallelism"`
		}(e)
	case ChangeFinished:
		return "change-finished", wireChange{e.Kind, e.Name, e.Outcome, e.Failure, e.Cancelled}
	case ChangeStarted:
		return "change-started", wireStart(e)
	case APIBusy:
		return "api-busy", wireBusy{e.Request, seconds(e.Wait)}
	case OrdersSettled:
		return "orders-settled", wireSettled(e)
	case OrderRecovered:
		return "order-recovered", e.Recovered
	case PortStatus:
		return "port-status", wirePort{e.Name, e.UID, e.Status, seconds(e.Elapsed)}
	case ListingFailed:
		return "listing-failed", wireFailure{Error: failureOf(e.Err)}
	case LedgerFailed:
		return "ledger-failed", wireFailure{e.Name, failureOf(e.Err)}
	case LOASaved:
		return "loa-saved", wireLetter{Name: e.Name, UID: e.UID, File: e.Path}
	case LOAFailed:
		return "loa-failed", wireLetter{Name: e.Name, UID: e.UID, Error: failureOf(e.Err), Final: e.Final}
	case ManifestFailed:
		return "manifest-failed", wireFailure{Error: failureOf(e.Err)}
	case RunFinished:
		return "run-finished", struct {
			Result Result `json:"result"`
		}(e)
	}
	return "", nil
}

// seconds rounds to milliseconds.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

type wireSettled struct {
	Doubts int       `json:"doubts"`
	Until  time.Time `json:"until,omitzero"`
}
