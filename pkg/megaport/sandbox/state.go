package sandbox

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
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
	UID       string         `json:"uid"`
	Seq       int            `json:"seq"`
	Status    string         `json:"status"`
	Order     jsontext.Value `json:"order"`
	Name      string         `json:"name"`
	OrderSeq  int            `json:"orderSeq"` // the record's entry
	CreatedAt int64          `json:"createdAt"`
	DecidedAt int64          `json:"decidedAt"`
	Comments  string         `json:"comments"`
	UIDs      []string       `json:"uids"` // created when approved
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

// counters number what the account creates.
type counters struct {
	Product     int `json:"product"`
	Aggregation int `json:"aggregation"`
	Order       int `json:"order"`
	Approval    int `json:"approval"`
	Key         int `json:"key"`
}

// First numbers, so that a product id is not mistaken for a count.
const (
	firstProductID     = 68000
	firstAggregationID = 24000
	firstLAGID         = 1
	firstApprovalID    = 300
)

// state is the whole account as one process last saw it. It is made of
// documents, each under a key; that is also how it is kept on disk.
type state struct {
	services  map[string]*service
	ordered   []*service // by product id
	orders    []*OrderRecord
	approvals map[string]*approval
	keys      map[string]*serviceKey
	counters  counters
	routes    map[string]RouteCount
}

func newState() *state {
	return &state{
		services:  make(map[string]*service),
		approvals: make(map[string]*approval),
		keys:      make(map[string]*serviceKey),
		routes:    make(map[string]RouteCount),
	}
}

// Document keys are a kind, a slash and an identifier.
const (
	kindService  = "service/"
	kindOrder    = "order/"
	kindApproval = "approval/"
	kindKey      = "key/"
	keyCounters  = "counters"
	keyRoutes    = "routes"
)

// put stores a document in memory.
func (st *state) put(doc any) {
	switch d := doc.(type) {
	case *service:
		st.putService(d)
	case *OrderRecord:
		st.putOrder(d)
	case *approval:
		st.approvals[d.UID] = d
	case *serviceKey:
		st.keys[d.Key] = d
	case *counters:
		st.counters = *d
	case map[string]RouteCount:
		st.routes = d
	}
}

func (st *state) putService(v *service) {
	_, known := st.services[v.UID]
	st.services[v.UID] = v
	i, _ := slices.BinarySearchFunc(st.ordered, v.ProductID, func(s *service, id int) int { return s.ProductID - id })
	if known {
		st.ordered[i] = v
		return
	}
	st.ordered = slices.Insert(st.ordered, i, v)
}

func (st *state) putOrder(v *OrderRecord) {
	i, known := slices.BinarySearchFunc(st.orders, v.Seq, func(r *OrderRecord, seq int) int { return r.Seq - seq })
	if known {
		st.orders[i] = v
		return
	}
	st.orders = slices.Insert(st.orders, i, v)
}

// load decodes a document read from disk and stores it.
func (st *state) load(key string, raw []byte) error {
	var doc any
	switch kind, _, _ := strings.Cut(key, "/"); kind + "/" {
	case kindService:
		doc = new(service)
	case kindOrder:
		doc = new(OrderRecord)
	case kindApproval:
		doc = new(approval)
	case kindKey:
		doc = new(serviceKey)
	case keyCounters + "/":
		doc = new(counters)
	case keyRoutes + "/":
		routes := make(map[string]RouteCount)
		if err := decode(raw, &routes); err != nil {
			return err
		}
		st.put(routes)
		return nil
	default:
		return nil // written by a newer portctl
	}
	if err := decode(raw, doc); err != nil {
		return err
	}
	st.put(doc)
	return nil
}

// tx is the state with the means to change it. Whoever holds a tx holds the
// store; all checks come before the first change, because there is no undo.
type tx struct {
	*state
	now   time.Time
	dirty map[string]any
}

func (t *tx) saveService(v *service) { t.save(kindService+v.UID, v) }

func (t *tx) saveOrder(v *OrderRecord) { t.save(kindOrder+orderKey(v.Seq), v) }

func (t *tx) saveApproval(v *approval) { t.save(kindApproval+v.UID, v) }

func (t *tx) saveKey(v *serviceKey) { t.save(kindKey+v.Key, v) }

func (t *tx) save(key string, doc any) {
	t.put(doc)
	t.dirty[key] = doc
}

// next advances one of the counters and gives its new value.
func (t *tx) next(pick func(*counters) *int) int {
	c := t.counters
	n := pick(&c)
	*n++
	v := *n
	t.save(keyCounters, &c)
	return v
}

// clone copies a service for a change.
func (v *service) clone() *service {
	c := *v
	c.Tags = slices.Clone(v.Tags)
	return &c
}

// activeMembers gives the members of a LAG that are not terminated, by product id.
func (st *state) activeMembers(aggregationID int) []*service {
	var out []*service
	for _, v := range st.ordered {
		if v.AggregationID == aggregationID && aggregationID != 0 && !v.terminated() {
			out = append(out, v)
		}
	}
	return out
}

// members gives all members a LAG ever had, by product id.
func (st *state) members(aggregationID int) []*service {
	var out []*service
	for _, v := range st.ordered {
		if v.AggregationID == aggregationID && aggregationID != 0 {
			out = append(out, v)
		}
	}
	return out
}
