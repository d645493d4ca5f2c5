package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/plan"
)

// Schema is the version of the records. A record of a newer one is refused: what
// it means for money can not be guessed.
const Schema = 1

// Claim is the intent to place one order.
type Claim struct {
	Schema int `json:"schema"`
	// ID is unique among all claims; the order carries it as the tag
	// plan.TagOrder.
	ID string `json:"id"`
	// Name is what is ordered; Number counts the claims of that name on that host.
	Name   string `json:"name"`
	Number int    `json:"number"`
	Host   string `json:"host"`
	// Inventory is who wants it.
	Inventory string `json:"inventory"`
	// Order is the body that is to be sent, OrderHash its hash, Price what was
	// reviewed.
	Order     plan.Order `json:"order"`
	OrderHash string     `json:"orderHash"`
	Price     plan.Price `json:"price"`
	// Listed are the services that the account showed before the order, of that
	// name or of that place and speed, terminated ones too: none of them is the
	// order's.
	Listed []plan.ServiceUID `json:"listed"`
	// Run, By and Time say who made the claim and when.
	Run  string    `json:"run"`
	By   string    `json:"by"`
	Tool string    `json:"tool"`
	Time time.Time `json:"time"`
}

// Record is what was learnt of a claim.
type Record struct {
	Schema int    `json:"schema"`
	Claim  string `json:"claim"`
	State  State  `json:"state"`
	// UIDs are the services known to come of the order.
	UIDs []plan.ServiceUID `json:"uids,omitzero"`
	// Cause says how it is known, for people.
	Cause string `json:"cause"`
	// Status and TraceID are the API's answer to the order, if there was one.
	Status  int       `json:"status,omitzero"`
	TraceID string    `json:"traceID,omitzero"`
	Run     string    `json:"run"`
	By      string    `json:"by"`
	Time    time.Time `json:"time"`
}

// Open is a claim that is not closed.
type Open struct {
	Claim
	// State is that of the last record.
	State State
	// UIDs are all that any record named.
	UIDs []plan.ServiceUID
	// Records are in the order in which they were made.
	Records []Record
}

// with is the claim after one more record.
func (o Open) with(r Record) Open {
	o.Records = append(slices.Clone(o.Records), r)
	o.State = r.State
	o.UIDs = slices.Clone(o.UIDs)
	for _, u := range r.UIDs {
		if !slices.Contains(o.UIDs, u) {
			o.UIDs = append(o.UIDs, u)
		}
	}
	return o
}

const closedRecord = "closed"

func hostPrefix(host string) string { return "claims/" + host + "/" }

func claimKey(host, hash string, number int, record string) string {
	return fmt.Sprintf("%s%s/%06d/%s.json", hostPrefix(host), hash, number, record)
}

// parseKey is the reverse of claimKey.
func parseKey(host, key string) (hash string, number int, record string, ok bool) {
	rest, ok := strings.CutPrefix(key, hostPrefix(host))
	parts := strings.Split(rest, "/")
	if !ok || len(parts) != 3 {
		return "", 0, "", false
	}
	number, err := strconv.Atoi(parts[1])
	record, isJSON := strings.CutSuffix(parts[2], ".json")
	return parts[0], number, record, err == nil && number > 0 && isJSON
}

// safeHost makes a host part of a key.
func safeHost(host string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("._-:", r) {
			return r
		}
		return '_'
	}, strings.ToLower(host))
}

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(b, '\n'), err
}

// decodeClaim and decodeRecord tolerate members they do not know and refuse a
// newer schema.
func decodeClaim(b []byte) (Claim, error) {
	var c Claim
	if err := json.Unmarshal(b, &c); err != nil {
		return c, err
	}
	if c.ID == "" || c.Name == "" || c.Number < 1 {
		return c, fmt.Errorf("it is not a claim")
	}
	return c, checkSchema(c.Schema)
}

func decodeRecord(b []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, err
	}
	if err := checkSchema(r.Schema); err != nil {
		return r, err
	}
	if !r.State.Known() {
		return r, fmt.Errorf("%q is not a state", r.State)
	}
	return r, nil
}

func checkSchema(n int) error {
	if n < 1 || n > Schema {
		return fmt.Errorf("it has schema %d, this portctl reads up to %d", n, Schema)
	}
	return nil
}

func decodeCompany(b []byte) (string, error) {
	var c struct {
		Schema  int    `json:"schema"`
		Company string `json:"company"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return "", err
	}
	return c.Company, checkSchema(c.Schema)
}
