package ledger

import (
	"cmp"
	"errors"
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
// it means for money cannot be guessed.
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
	// Listed are the services of that name that the account showed before the order,
	// terminated ones too, and Listing names the record that has those of that place
	// and speed, if there were any: none of them is the order's.
	Listed  []plan.ServiceUID `json:"listed"`
	Listing string            `json:"listing,omitzero"`
	// Earlier are the services that earlier claims of the name ended with, the
	// oldest first, so that nobody has to read all those claims.
	Earlier []Known `json:"earlier,omitzero"`
	// Approvals are the UIDs of the order approvals that there were before the order:
	// none of them is the order's. It is null when they were not known.
	Approvals []string `json:"approvals,omitzero"`
	// Run, By and Time say who made the claim and when. The claim is also the record
	// of the order's first sending.
	Run  string    `json:"run"`
	By   string    `json:"by"`
	Tool string    `json:"tool"`
	Time time.Time `json:"time"`
}

// Known is a service that the ledger remembers.
type Known struct {
	UID  plan.ServiceUID `json:"uid"`
	Time time.Time       `json:"time"`
}

// Record is what was learnt of a claim.
type Record struct {
	Schema int             `json:"schema"`
	Claim  string          `json:"claim"`
	State  plan.OrderState `json:"state"`
	// UIDs are the services of the order: candidates when an answer named them, and
	// the order's own when the claim is closed.
	UIDs []plan.ServiceUID `json:"uids,omitzero"`
	// Refuted are services that an answer named and that cannot be the order's.
	Refuted []plan.ServiceUID `json:"refuted,omitzero"`
	// Lookup says that this was found out by looking at the account or said by a
	// person, not by sending: it does not move the time from which guards count.
	Lookup bool `json:"lookup,omitzero"`
	// Anew says that guards count from a Seen record on, whatever was before it.
	Anew bool `json:"anew,omitzero"`
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
	// Key is the claim's key in the store, by which people name one that is Damaged.
	Key string
	// State is that of the last record.
	State plan.OrderState
	// UIDs are the services that are taken for the order's, as far as is known.
	UIDs []plan.ServiceUID
	// Answered are all UIDs that any answer named.
	Answered []plan.ServiceUID
	// Records are in the order in which they were made.
	Records []Record
	// Trouble says why a Damaged claim cannot be read.
	Trouble string

	deadline time.Duration // as in Run

	before map[plan.ServiceUID]bool // what Listing has of the order's place

	hash  string
	next  int  // the number of the next record
	ended bool // it is closed, by a record that cannot be read
}

// with is the claim after one more record.
func (o Open) with(r Record) Open {
	o.Records = append(slices.Clone(o.Records), r)
	o.next = max(o.next, len(o.Records)) + 1
	if r.State == Seen {
		return o
	}
	if o.State != plan.OrderDamaged || r.State.Closed() {
		o.State = r.State
	}
	if r.Lookup {
		if len(r.UIDs) > 0 || r.State.Closed() { // what was looked up replaces what the answer said
			o.UIDs = r.UIDs
		}
		o.UIDs = slices.DeleteFunc(slices.Clone(o.UIDs), func(u plan.ServiceUID) bool { return slices.Contains(r.Refuted, u) })
		return o
	}
	o.UIDs, o.Answered = union(o.UIDs, r.UIDs), union(o.Answered, r.UIDs)
	return o
}

func union(a, b []plan.ServiceUID) []plan.ServiceUID {
	out := slices.Clone(a)
	for _, u := range b {
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// OrderDeadline is the longest after its claim, or the record of its sending, that an
// order is on its way: it is sent within a minute, and an answer that has not come five
// minutes later does not come (see pkg/megaport).
const OrderDeadline = 6 * time.Minute

// QuietSince is the time from which to count when a service of the order must have
// shown: that of the last thing that was sent or answered, and the time of an order
// on its way more as long as no answer is recorded. A claim from the future counts
// from when somebody else saw it first.
//
// To whoever made the claim its time is no future: what a slower clock saw of it does
// not make it older there. So it depends on what time it is to the one who asks.
func (o Open) QuietSince(now time.Time) time.Time {
	at, answered, seen := o.Time, false, time.Time{}
	for _, r := range o.Records {
		switch {
		case r.State == Seen && r.Anew:
			at = r.Time
		case r.State == Seen:
			seen = r.Time
		case !r.Lookup:
			at, answered, seen = r.Time, r.State != plan.OrderSending, time.Time{}
		}
	}
	if !seen.IsZero() && at.After(now) {
		at = seen
	}
	if !answered {
		return at.Add(cmp.Or(o.deadline, OrderDeadline))
	}
	return at
}

// FromTheFuture says that the claim was made by a clock that is ahead of that of
// whoever saw it first, so that its time says nothing about the age of services.
func (o Open) FromTheFuture() bool {
	return slices.ContainsFunc(o.Records, func(r Record) bool { return r.State == Seen && !r.Anew })
}

// The records that end a claim. What ends a claim whose own ending cannot be read is
// the second.
const (
	closedRecord   = "closed"
	resolvedRecord = "resolved"
)

func hostPrefix(host string) string { return "claims/" + host + "/" }

// claimFolder is the key of a claim: what the keys of its records begin with.
func claimFolder(host, hash string, number int) string {
	return hostPrefix(host) + folderName(hash, number)
}

func folderName(hash string, number int) string { return fmt.Sprintf("%s.%06d", hash, number) }

func claimKey(host, hash string, number int, record string) string {
	return claimFolder(host, hash, number) + "/" + record + ".json"
}

// parseKey is the reverse of claimKey.
func parseKey(host, key string) (hash string, number int, record string, ok bool) {
	rest, ours := strings.CutPrefix(key, hostPrefix(host))
	folder, file, _ := strings.Cut(rest, "/")
	record, isJSON := strings.CutSuffix(file, ".json")
	hash, number, ok = parseClaimFolder(folder)
	return hash, number, record, ok && ours && isJSON && !strings.Contains(file, "/")
}

// parseClaimFolder reads the last part of the key of a claim.
func parseClaimFolder(folder string) (hash string, number int, ok bool) {
	hash, digits, _ := strings.Cut(folder, ".")
	number, err := strconv.Atoi(digits)
	return hash, number, err == nil && number > 0 && hash != ""
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
	if err := checkSchema(c.Schema); err != nil {
		return c, err
	}
	if c.ID == "" || c.Name == "" || c.Number < 1 {
		return c, errors.New("it is not a claim")
	}
	foldAll(c.Listed)
	return c, nil
}

// foldAll writes UIDs as they are compared.
func foldAll(uids []plan.ServiceUID) {
	for i, u := range uids {
		uids[i] = plan.FoldUID(string(u))
	}
}

func decodeRecord(b []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return r, err
	}
	if err := checkSchema(r.Schema); err != nil {
		return r, err
	}
	if !recordable(r.State) {
		return r, fmt.Errorf("%q is not a state", r.State)
	}
	foldAll(r.UIDs)
	foldAll(r.Refuted)
	return r, nil
}

func checkSchema(n int) error {
	switch {
	case n > Schema:
		return &newerError{n}
	case n < 1:
		return errors.New("it has no schema")
	}
	return nil
}

// newerError is about a record of a later portctl. It is not damaged, only not for
// this one.
type newerError struct{ schema int }

func (e *newerError) Error() string {
	return fmt.Sprintf("it has schema %d, this portctl reads up to %d", e.schema, Schema)
}
