package plan

// Kind is what an action does.
type Kind string

// The kinds of action. Later versions may add to them; readers of a plan treat a
// kind they do not know as a change.
const (
	// Buy orders a port or a LAG.
	Buy Kind = "buy"
	// Grow orders further members of a LAG, and makes the action's changes.
	Grow Kind = "grow"
	// Update changes fields of a service.
	Update Kind = "update"
	// Cancel terminates a service, all members of a LAG.
	Cancel Kind = "cancel"
	// Unchanged means that there is nothing to do about the entry.
	Unchanged Kind = "unchanged"
	// Blocked means that the entry cannot be carried out as it stands. One
	// blocked action refuses the whole apply.
	Blocked Kind = "blocked"
	// Unknown means that an earlier order is unconfirmed. It holds back its entry
	// and nothing else.
	Unknown Kind = "unknown"
	// Excluded means that the entry was excluded from this run.
	Excluded Kind = "excluded"
)

// Kinds lists all kinds in the order in which people are shown them.
func Kinds() []Kind {
	return []Kind{Buy, Grow, Update, Cancel, Unknown, Blocked, Excluded, Unchanged}
}

// Changes says whether the kind changes something in the account.
func (k Kind) Changes() bool { return k == Buy || k == Grow || k == Update || k == Cancel }

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
	// ReasonNoCrossConnect: Megaport orders no cross connects at the location.
	ReasonNoCrossConnect ReasonCode = "no-cross-connect"
	// ReasonCrossConnectTerm: a cross connect needs a longer term than 1 month.
	ReasonCrossConnectTerm ReasonCode = "cross-connect-term"
	// ReasonZoneNotOffered: the location does not sell the speed in the zone.
	ReasonZoneNotOffered ReasonCode = "zone-not-offered"
	// ReasonSiteFixed: the service stands elsewhere, and a port cannot move.
	ReasonSiteFixed ReasonCode = "site-fixed"
	// ReasonSpeedFixed: the service has another speed, which cannot change.
	ReasonSpeedFixed ReasonCode = "speed-fixed"
	// ReasonZoneFixed: the service is in the other zone, which cannot change.
	ReasonZoneFixed ReasonCode = "zone-fixed"
	// ReasonLAGMismatch: the entry is a LAG and the service a single port, or the
	// reverse.
	ReasonLAGMismatch ReasonCode = "lag-mismatch"
	// ReasonLAGShrink: the LAG has more members than the entry asks for.
	ReasonLAGShrink ReasonCode = "lag-shrink"
	// ReasonLAGGrows: the LAG has fewer members than the entry asks for.
	ReasonLAGGrows ReasonCode = "lag-grows"
	// ReasonTermAndGrowth: the LAG would grow and get a longer term in one run.
	ReasonTermAndGrowth ReasonCode = "term-and-growth"
	// ReasonDiffers: declared fields of the service differ.
	ReasonDiffers ReasonCode = "differs"
	// ReasonAbsent: the entry asks for the service to be gone.
	ReasonAbsent ReasonCode = "absent"
	// ReasonGone: the entry asks for the service to be gone, and it is.
	ReasonGone ReasonCode = "gone"
	// ReasonNotOurs: the service to cancel is neither named by UID nor tagged as
	// this inventory's.
	ReasonNotOurs ReasonCode = "not-ours"
	// ReasonLocked: the service is locked, and not by this inventory.
	ReasonLocked ReasonCode = "locked"
	// ReasonUIDUnknown: the account has no service of the entry's uid.
	ReasonUIDUnknown ReasonCode = "uid-unknown"
	// ReasonUIDTerminated: the service of the entry's uid is terminated.
	ReasonUIDTerminated ReasonCode = "uid-terminated"
	// ReasonServiceTaken: another entry stands for the service already.
	ReasonServiceTaken ReasonCode = "service-taken"
	// ReasonLooksRenamed: a service of this inventory that no entry names stands
	// at the same location with the same speed.
	ReasonLooksRenamed ReasonCode = "looks-renamed"
	// ReasonWaitsForCancel: the service to replace is still to be terminated.
	ReasonWaitsForCancel ReasonCode = "waits-for-cancel"
	// ReasonReplacesWrong: `replaces` does not name the service last terminated.
	ReasonReplacesWrong ReasonCode = "replaces-wrong"
	// ReasonUnconfirmed: an earlier order of this name is unconfirmed.
	ReasonUnconfirmed ReasonCode = "unconfirmed"
	// ReasonConflictingClaim: an earlier order that no entry names is unconfirmed, and it
	// could be this one.
	ReasonConflictingClaim ReasonCode = "conflicting-claim"
	// ReasonOrdered: bought, but not to be seen yet.
	ReasonOrdered ReasonCode = "ordered"
	// ReasonApproval: ordered, and waiting for an approval within the company.
	ReasonApproval ReasonCode = "approval"
	// ReasonExcluded: taken out of the run by name.
	ReasonExcluded ReasonCode = "excluded"
	// ReasonDuplicateEntry: two entries have one name.
	ReasonDuplicateEntry ReasonCode = "duplicate-entry"
	// ReasonDuplicateService: several services have the entry's name.
	ReasonDuplicateService ReasonCode = "duplicate-service"
	// ReasonTerminatedPredecessor: a service of the name was cancelled.
	ReasonTerminatedPredecessor ReasonCode = "terminated-predecessor"
	// ReasonVanished: an order of the name was delivered, and the account knows
	// nothing of its service any more.
	ReasonVanished ReasonCode = "vanished"
	// ReasonRefused: the API's validation refuses the order.
	ReasonRefused ReasonCode = "refused"
	// ReasonValidationFailed: the validation of the order gave no usable answer.
	ReasonValidationFailed ReasonCode = "validation-failed"
	// ReasonKnownService: a service that was ordered for the entry, or that it once
	// stood for, is alive under another name.
	ReasonKnownService ReasonCode = "known-service"
	// ReasonRejected: the approval of the order was rejected, withdrawn or expired.
	ReasonRejected ReasonCode = "rejected"
	// ReasonTurnedAway: the API said that it did not process the order.
	ReasonTurnedAway ReasonCode = "turned-away"
	// ReasonClaimDamaged: a claim of the ledger cannot be read, and it could be one
	// of this entry.
	ReasonClaimDamaged ReasonCode = "claim-damaged"
	// ReasonTagsUnreadable: the tags of a service on which the decision depends
	// cannot be read.
	ReasonTagsUnreadable ReasonCode = "tags-unreadable"
	// ReasonTypeUnknown: a product of which the account does not show whether it is a
	// port may be the service of the entry.
	ReasonTypeUnknown ReasonCode = "type-unknown"
	// ReasonOtherInventory: another inventory ordered the service.
	ReasonOtherInventory ReasonCode = "other-inventory"
	// ReasonHasVXCs: active VXCs end on the service.
	ReasonHasVXCs ReasonCode = "has-vxcs"
	// ReasonLAGSplit: services of one LAG order are listed in different LAGs.
	ReasonLAGSplit ReasonCode = "lag-split"
	// ReasonSameLocation: the rollout names the location of the entry twice, in two
	// spellings.
	ReasonSameLocation ReasonCode = "same-location"
	// ReasonLAGUnidentified: the API does not tell the aggregation id of the LAG yet.
	ReasonLAGUnidentified ReasonCode = "lag-unidentified"
	// ReasonPolicy: the policy does not allow such an order.
	ReasonPolicy ReasonCode = "policy"
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
	// Way is a command that leads out. WithHints makes a hint of it.
	Way *WayOut `json:"-"`
	// Details are the API's own reasons.
	Details []string `json:"details,omitzero"`
	// TraceID is what Megaport's support asks for.
	TraceID string `json:"traceID,omitzero"`
	// Source is where the cause stands in the inventory.
	Source Source `json:"source"`
	// Renamed is the one service that stands for the entry under another name, as far as
	// ledger or tags tell; empty when there is none or more than one.
	Renamed ServiceUID `json:"-"`
}

// Wanted is what the inventory asks for, in short.
type Wanted struct {
	// Site is as written.
	Site  string `json:"site"`
	Speed Speed  `json:"speedMbps"`
	Zone  Zone   `json:"diversityZone,omitzero"`
	LAG   int    `json:"lag,omitzero"`
	Term  int    `json:"termMonths"`
	// Absent says that the entry asks for the service to be gone.
	Absent bool `json:"absent,omitzero"`
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
	// ContractEnd is the last day of the term; empty while the API has not
	// filled it in.
	ContractEnd string `json:"contractEnd,omitzero"`
	// LeftAlone says that the inventory lists the service under `unmanaged`.
	LeftAlone bool `json:"leftAlone,omitzero"`
	// Inventory is the other inventory that ordered the service, as far as the ledger
	// knows it.
	Inventory string `json:"inventory,omitzero"`
}

// Change is one field that an action changes.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"`
	To    string `json:"to"`
	// UID is the member that differs, where not all members of a LAG do alike; empty
	// for all of them.
	UID ServiceUID `json:"uid,omitzero"`
}

// Action is what the plan does about one entry.
type Action struct {
	Kind   Kind   `json:"action"`
	Name   string `json:"name"`
	Reason Reason `json:"reason"`
	Wanted Wanted `json:"entry"`
	// Location is nil when the site is no single location.
	Location *Place `json:"location" jsonschema:"nullable"`
	// Service is what stands for the entry in the account, if anything.
	Service *ServiceRef `json:"service" jsonschema:"nullable"`
	Changes []Change    `json:"changes"`
	// Order is the body that would be sent; nil when nothing is ordered.
	Order *Order `json:"order" jsonschema:"nullable"`
	// Price is nil until the plan is priced, and for what costs nothing new.
	Price *Price `json:"price" jsonschema:"nullable"`
	// Charge is what a cancellation costs at once; nil for anything else.
	Charge *Charge `json:"charge,omitzero"`
	Source Source  `json:"source"`

	// quoteOnly is the order whose validation prices a longer term. It is never
	// sent as an order.
	quoteOnly *Order
	// wanted is the entry; nil for a claim that no entry names.
	port *Port
}

// Services is how many services the action stands for before anything is grown
// or cancelled, or will when it is bought: a LAG's members each count.
func (a Action) Services() int {
	switch {
	case a.Kind == Buy && a.Order != nil:
		return a.Order.Members()
	case a.Service != nil:
		return len(a.Service.Members)
	default:
		return max(1, a.Wanted.LAG)
	}
}

// block turns the action into a blocked one, keeping what is known of it.
func (a Action) block(r Reason) Action {
	return a.withoutEffect(Blocked, r)
}

// withoutEffect turns the action into one that changes nothing, keeping what is known of
// it.
func (a Action) withoutEffect(k Kind, r Reason) Action {
	a.Kind, a.Reason, a.Order, a.Price, a.quoteOnly, a.Charge = k, r, nil, nil, nil, nil
	a.Changes = []Change{}
	return a
}

// ServicesOrdered is how many services the action would buy.
func (a Action) ServicesOrdered() int {
	if (a.Kind == Buy || a.Kind == Grow) && a.Order != nil {
		return a.Order.Members()
	}
	return 0
}
