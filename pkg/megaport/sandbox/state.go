package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
	bolt "go.etcd.io/bbolt"
)

// tag is one resource tag, also its wire form (API facts §5.2, confidence A).
type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// service is one product of the account. Values are never changed once they are
// in the state: a change stores a copy, so readers need no lock.
type service struct {
	UID         string `json:"uid"`
	ProductID   int    `json:"productId"`
	ProductType string `json:"productType"`
	Name        string `json:"name"`
	LocationID  int    `json:"locationId"`
	SpeedMbps   int    `json:"speedMbps"`
	TermMonths  int    `json:"termMonths"`
	Zone        string `json:"zone"`
	CostCentre  string `json:"costCentre"`
	Visible     bool   `json:"visible"`
	Tags        []tag  `json:"tags"`

	AggregationID int  `json:"aggregationId"` // 0: not a LAG member
	LAGID         int  `json:"lagId"`
	LAGPrimary    bool `json:"lagPrimary"`

	// The owner, empty for the account's own company.
	CompanyUID  string `json:"companyUid"`
	CompanyName string `json:"companyName"`
	// CrossConnect says that Megaport orders the cross connect.
	CrossConnect bool `json:"crossConnect"`

	Locked      bool `json:"locked"`
	AdminLocked bool `json:"adminLocked"`

	// Times in epoch milliseconds; 0 means never.
	CreatedAt        int64 `json:"createdAt"`
	ConfiguredAt     int64 `json:"configuredAt"`
	LiveAt           int64 `json:"liveAt"`
	CancelledAt      int64 `json:"cancelledAt"`
	DecommissionedAt int64 `json:"decommissionedAt"`

	// Status overrides the computed status of a seeded service.
	Status string `json:"status"`
	// VXCs are what associatedVxcs shows.
	VXCs []jsontext.Value `json:"vxcs"`
	// Overrides replace or add fields of the product row; Raw replaces the row.
	Overrides map[string]jsontext.Value `json:"overrides"`
	Raw       jsontext.Value            `json:"raw,omitzero"`
}

// approval is an order that waits for a second person.
type approval struct {
	UID        string         `json:"uid"`
	Seq        int            `json:"seq"`
	Status     string         `json:"status"`
	Order      jsontext.Value `json:"order"`
	Name       string         `json:"name"`
	CompanyUID string         `json:"companyUid"` // of the managed company, else empty
	OrderSeq   int            `json:"orderSeq"`   // the record's entry
	CreatedAt  int64          `json:"createdAt"`
	DecidedAt  int64          `json:"decidedAt"`
	Comments   string         `json:"comments"`
	UIDs       []string       `json:"uids"` // created when approved
}

// serviceKey lets another company connect to a port (API facts §13).
type serviceKey struct {
	Key         string `json:"key"`
	Seq         int    `json:"seq"`
	CreatedAt   int64  `json:"createdAt"`
	ProductUID  string `json:"productUid"`
	Description string `json:"description"`
	Active      bool   `json:"active"`
	SingleUse   bool   `json:"singleUse"`
	MaxSpeed    int    `json:"maxSpeed"`
	PreApproved bool   `json:"preApproved"`
	VLAN        int    `json:"vlan"`
	ValidStart  int64  `json:"validStart"`
	ValidEnd    int64  `json:"validEnd"`
}

// First numbers, so that a product id is not mistaken for a count.
const (
	firstProductID     = 68000
	firstAggregationID = 24000
	firstLAGID         = 1
	firstApprovalID    = 300
)

// state is the whole account as one process last saw it.
type state struct {
	services  *bucket[service] // by UID
	orders    *bucket[OrderRecord]
	approvals *bucket[approval] // by UID
	keys      *bucket[serviceKey]
	counters  *bucket[int] // the latest number by what is numbered
	routes    *bucket[RouteCount]
}

func newState() *state {
	return &state{
		newBucket[service]("service"), newBucket[OrderRecord]("order"), newBucket[approval]("approval"),
		newBucket[serviceKey]("key"), newBucket[int]("counter"), newBucket[RouteCount]("route"),
	}
}

// kind is a bucket of whatever documents.
type kind interface {
	load(f *bolt.Tx) error
	save(f *bolt.Tx) error
	changed() bool
	clear()
}

func (st *state) kinds() []kind {
	return []kind{st.services, st.orders, st.approvals, st.keys, st.counters, st.routes}
}

func (st *state) changed() bool { return slices.ContainsFunc(st.kinds(), kind.changed) }

func (st *state) load(f *bolt.Tx) (err error) {
	for _, k := range st.kinds() {
		err = errors.Join(err, k.load(f))
	}
	return err
}

func (st *state) save(f *bolt.Tx) (err error) {
	for _, k := range st.kinds() {
		err = errors.Join(err, k.save(f))
	}
	return err
}

// What is numbered.
const (
	countProducts     = "product"
	countAggregations = "aggregation"
	countOrders       = "order"
	countApprovals    = "approval"
	countKeys         = "key"
)

// next gives the next number, from 1.
func (t *tx) next(what string) int {
	n := 1
	if last := t.counters.docs[what]; last != nil {
		n += *last
	}
	t.counters.put(what, &n)
	return n
}

func (t *tx) saveService(v *service) { t.services.put(v.UID, v) }

func (t *tx) saveOrder(v *OrderRecord) { t.orders.put(fmt.Sprintf("%09d", v.Seq), v) }

// sorted gives the documents of a bucket by a number that each has.
func (b *bucket[T]) sorted(number func(*T) int) []*T {
	return slices.SortedFunc(maps.Values(b.docs), func(a, b *T) int { return number(a) - number(b) })
}

// inOrder gives all services by product id.
func (st *state) inOrder() []*service {
	return st.services.sorted(func(v *service) int { return v.ProductID })
}

// clone copies a service for a change.
func (v *service) clone() *service {
	c := *v
	c.Tags = slices.Clone(v.Tags)
	return &c
}

// members gives all members a LAG ever had, by product id.
func (st *state) members(aggregationID int) []*service {
	if aggregationID == 0 {
		return nil
	}
	return slices.DeleteFunc(st.inOrder(), func(v *service) bool { return v.AggregationID != aggregationID })
}

// activeMembers gives the members of a LAG that are not terminated, by product id.
func (st *state) activeMembers(aggregationID int) []*service {
	return slices.DeleteFunc(st.members(aggregationID), (*service).terminated)
}
