package sandbox

import "time"

// Record is what a sandbox saw: enough to prove that everything was bought
// exactly once. Orders are exact across all processes that share a data file;
// the route counts of other processes lag until their next write.
type Record struct {
	// Routes counts answered requests by method and route pattern, such as
	// "POST /v3/networkdesign/buy".
	Routes map[string]RouteCount `json:"routes"`
	// Orders are all orders that reached a buy route with a readable body, in the
	// order of arrival, one entry for each order of the array.
	Orders []OrderRecord `json:"orders"`
	// Received counts the entries of Orders, Committed those that bought something.
	Received  int `json:"received"`
	Committed int `json:"committed"`
	// Services counts the services created by committed orders; a LAG has several.
	Services int `json:"services"`
	// Purchases counts committed orders by product name. An order that makes a LAG
	// grow counts under its name too.
	Purchases map[string]int `json:"purchases"`
}

// RouteCount counts the answers of one route.
type RouteCount struct {
	Count int `json:"count"`
	// ByStatus counts by HTTP status; 0 stands for a connection without answer.
	ByStatus map[int]int `json:"byStatus"`
}

// OrderRecord tells of one order what came in and what became of it.
type OrderRecord struct {
	Seq           int               `json:"seq"` // from 1, in the order of arrival
	Time          time.Time         `json:"time"`
	Route         string            `json:"route"`
	Name          string            `json:"name"`
	Members       int               `json:"members"` // services ordered: 1, or the size of a LAG
	LocationID    int               `json:"locationId"`
	SpeedMbps     int               `json:"speedMbps"`
	AggregationID int               `json:"aggregationId"` // of the LAG to grow, else 0
	Tags          map[string]string `json:"tags"`          // the order's resource tags
	Committed     bool              `json:"committed"`     // the services exist, whatever the client was told
	UIDs          []string          `json:"uids"`
	Status        int               `json:"status"`   // HTTP status of the answer, 0 when there was none
	Fault         string            `json:"fault"`    // the kind that was injected, empty for none
	Approval      string            `json:"approval"` // UID of the approval that the order waits or waited for
	Reason        string            `json:"reason"`   // why the order was refused
}

// plus adds two counts up.
func (r RouteCount) plus(o RouteCount) RouteCount {
	sum := RouteCount{r.Count + o.Count, make(map[int]int)}
	for _, by := range []map[int]int{r.ByStatus, o.ByStatus} {
		for status, n := range by {
			sum.ByStatus[status] += n
		}
	}
	return sum
}

// Record tells what the account has seen so far. If the data file cannot be
// read the orders are missing; the log says why.
func (s *Server) Record() Record {
	r := Record{Orders: []OrderRecord{}, Purchases: make(map[string]int), Routes: make(map[string]RouteCount)}
	err := s.store.view(func(st *state) {
		for _, o := range st.orders.sorted(func(o *OrderRecord) int { return o.Seq }) {
			r.Orders = append(r.Orders, *o)
		}
		for route, c := range st.routes.docs {
			r.Routes[route] = *c
		}
	})
	if err != nil {
		s.log.Error().Err(err).Msg("sandbox record")
	}
	for route, c := range s.store.pendingCounts() {
		r.Routes[route] = r.Routes[route].plus(c)
	}
	r.Received = len(r.Orders)
	for _, o := range r.Orders {
		if o.Committed {
			r.Committed++
			r.Services += len(o.UIDs)
			r.Purchases[o.Name]++
		}
	}
	return r
}
