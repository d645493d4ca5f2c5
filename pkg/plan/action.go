package plan

// Kind is what an action does.
type Kind string

// The kinds of action. Later versions add to them; readers of a plan treat a
// kind they do not know as a change.
const (
	// Buy orders a port or a LAG.
	Buy Kind = "buy"
	// Unchanged means that the account holds what the entry asks for.
	Unchanged Kind = "unchanged"
	// Blocked means that the entry can not be carried out as it stands. One
	// blocked action refuses the whole apply.
	Blocked Kind = "blocked"
)

// Kinds lists all kinds in the order in which people are shown them.
func Kinds() []Kind { return []Kind{Buy, Blocked, Unchanged} }

// ReasonCode says why an action is what it is. It is for readers and machines
// that report; decisions are made on Kind.
type ReasonCode string

// The reasons.
const (
	// ReasonNew: the account holds no service of the name.
	ReasonNew ReasonCode = "new"
	// ReasonExists: a service of the name is as the entry asks.
	ReasonExists ReasonCode = "exists"
	// ReasonSiteUnknown: no location fits the site.
	ReasonSiteUnknown ReasonCode = "site-unknown"
	// ReasonSiteAmbiguous: several locations fit the site.
	ReasonSiteAmbiguous ReasonCode = "site-ambiguous"
	// ReasonSiteNotActive: the location takes no orders.
	ReasonSiteNotActive ReasonCode = "site-not-active"
	// ReasonSpeedNotOffered: the location does not sell the speed at all.
	ReasonSpeedNotOffered ReasonCode = "speed-not-offered"
	// ReasonZoneNotOffered: the location does not sell the speed in the zone.
	ReasonZoneNotOffered ReasonCode = "zone-not-offered"
	// ReasonSiteFixed: the service stands elsewhere, and a port can not move.
	ReasonSiteFixed ReasonCode = "site-fixed"
	// ReasonSpeedFixed: the service has another speed, which can not change.
	ReasonSpeedFixed ReasonCode = "speed-fixed"
	// ReasonZoneFixed: the service is in the other zone, which can not change.
	ReasonZoneFixed ReasonCode = "zone-fixed"
	// ReasonLAGMismatch: the entry is a LAG and the service a single port, or the
	// reverse.
	ReasonLAGMismatch ReasonCode = "lag-mismatch"
	// ReasonLAGSize: the LAG has another number of members.
	ReasonLAGSize ReasonCode = "lag-size"
	// ReasonDuplicateEntry: two entries have one name.
	ReasonDuplicateEntry ReasonCode = "duplicate-entry"
	// ReasonDuplicateService: several services have the entry's name.
	ReasonDuplicateService ReasonCode = "duplicate-service"
	// ReasonTerminatedTwin: a service of the name was cancelled.
	ReasonTerminatedTwin ReasonCode = "terminated-twin"
	// ReasonRefused: the API's validation refuses the order.
	ReasonRefused ReasonCode = "refused"
	// ReasonPriceUnknown: the validation named no usable price.
	ReasonPriceUnknown ReasonCode = "price-unknown"
)

// Reason is why an action is what it is.
type Reason struct {
	Code ReasonCode `json:"code"`
	// Text says it in a sentence without its full stop.
	Text string `json:"text"`
	// Hint is what to do; empty when there is nothing to do.
	Hint string `json:"hint,omitzero"`
	// Details are the API's own reasons.
	Details []string `json:"details,omitzero"`
	// TraceID is what Megaport's support asks for.
	TraceID string `json:"traceID,omitzero"`
	// Source is where the cause stands in the inventory.
	Source Source `json:"source"`
}

// Entry is what the inventory asks for, in short.
type Entry struct {
	// Site is as written.
	Site  string `json:"site"`
	Speed Speed  `json:"speedMbps"`
	Zone  Zone   `json:"diversityZone,omitzero"`
	LAG   int    `json:"lag,omitzero"`
	Term  int    `json:"termMonths"`
}

// Place is the location of an action.
type Place struct {
	ID     LocationID `json:"id"`
	Name   string     `json:"name"`
	Metro  string     `json:"metro"`
	Market string     `json:"market"`
}

// ServiceRef is a service as an action shows it.
type ServiceRef struct {
	// UID is the single port's or, for a LAG, the primary member's.
	UID  ServiceUID `json:"uid"`
	Name string     `json:"name"`
	// Members are the UIDs of all ports, for a LAG the primary first.
	Members []ServiceUID `json:"members"`
	Status  Status       `json:"status"`
	Speed   Speed        `json:"speedMbps"`
	Zone    Zone         `json:"diversityZone,omitzero"`
	Term    int          `json:"termMonths"`
}

// Change is one field that an action changes.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
}

// Action is what the plan does about one entry.
type Action struct {
	Kind   Kind   `json:"action"`
	Name   string `json:"name"`
	Reason Reason `json:"reason"`
	Entry  Entry  `json:"entry"`
	// Location is nil when the site is no single location.
	Location *Place `json:"location"`
	// Service is what stands for the entry in the account, if anything.
	Service *ServiceRef `json:"service"`
	Changes []Change    `json:"changes"`
	// Order is the body that would be sent; nil when nothing is ordered.
	Order *Order `json:"order"`
	// Price is nil until the plan is priced, and for what costs nothing new.
	Price  *Price `json:"price"`
	Source Source `json:"source"`
}

// Services is how many services the action stands for: a LAG's members each
// count.
func (a Action) Services() int {
	switch {
	case a.Order != nil:
		return a.Order.Members()
	case a.Service != nil:
		return len(a.Service.Members)
	default:
		return max(1, a.Entry.LAG)
	}
}

// block turns the action into a blocked one, keeping what is known of it.
func (a Action) block(r Reason) Action {
	a.Kind, a.Reason, a.Order, a.Price = Blocked, r, nil, nil
	return a
}
