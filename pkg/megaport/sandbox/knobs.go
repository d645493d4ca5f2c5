package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Knobs change how the simulated API behaves, at start or while it runs. The
// zero value is the API as it is believed to be on a good day. As JSON (the
// admin endpoint /_sandbox/knobs) durations are strings such as "2s".
type Knobs struct {
	// Latency is added to every answer, and up to Jitter more at random. A write
	// goes on when the client has left meanwhile, as on a real server.
	Latency time.Duration `json:"latency"`
	Jitter  time.Duration `json:"jitter"`

	// ProvisionDelay makes ports CONFIGURED this long after the order and LIVE
	// after twice as long. Zero means 2 s; a negative value means at once. It is
	// applied to new orders: a port's schedule is fixed when it is bought.
	ProvisionDelay time.Duration `json:"provisionDelay"`
	// ListingLag keeps new services out of the product listing this long; they
	// can be read by UID at once (API facts §4.1 and §12, confidence D).
	ListingLag time.Duration `json:"listingLag"`
	// NotFoundAfterBuy answers reads of a new UID with "not found" this long, and
	// keeps it out of the listing (API facts §8.2, confidence D).
	NotFoundAfterBuy time.Duration `json:"notFoundAfterBuy"`
	// Stuck and Failed are name globs. Matching ports stay DEPLOYABLE, or turn
	// FAILED when they would become CONFIGURED, for as long as the knob is set.
	Stuck  []string `json:"stuck"`
	Failed []string `json:"failed"`
	// LOADelay refuses the LOA this long after the port is CONFIGURED.
	LOADelay time.Duration `json:"loaDelay"`
	// DecommissionDelay shows DECOMMISSIONING this long after CANCEL_NOW before
	// DECOMMISSIONED; zero shows DECOMMISSIONED at once (API facts §5.4).
	DecommissionDelay time.Duration `json:"decommissionDelay"`

	// ForgetAfter is how long after its end a DECOMMISSIONED service is still listed
	// and can be read. Zero means 30 days (API facts §4.1, confidence B); a negative
	// value means for ever.
	ForgetAfter time.Duration `json:"forgetAfter"`
	// ClockAhead moves the sandbox's clock: it is ahead of the real one by as much.
	// Everything follows it, tokens, lifecycles and limits.
	ClockAhead time.Duration `json:"clockAhead"`
	// DateSkew shifts the dates that answers show, and nothing else: the clock of
	// the API that differs from the client's.
	DateSkew time.Duration `json:"dateSkew"`

	// RateLimit allows so many requests a second with bursts of RateBurst (at
	// least 1); zero is no limit. Limits are not published (API facts §8.1).
	RateLimit float64 `json:"rateLimit"`
	RateBurst int     `json:"rateBurst"`
	// RetryAfter is the form of the Retry-After header of a 429: "seconds" (also
	// when empty), "date" or "none" (API facts §1.7).
	RetryAfter string `json:"retryAfter"`
	// Limits is the one switch of the limits that Megaport publishes: "published"
	// allows 500 requests in any 5 minutes per client address, and one update of a
	// service in 5 minutes (API facts §8.1, confidence B).
	Limits string `json:"limits"`
	// WindowRequests allows so many requests of one client address in any Window
	// (5 minutes when zero); UpdateInterval is the least time between two updates of
	// one service. They go before Limits.
	WindowRequests int           `json:"windowRequests"`
	Window         time.Duration `json:"window"`
	UpdateInterval time.Duration `json:"updateInterval"`
	// WindowCountsRefused lets refused requests count in the window as well, which
	// is not said (API facts §12.10, confidence D).
	WindowCountsRefused bool `json:"windowCountsRefused"`
	// RateLimitBody is the body of a 429: "" for the envelope, "bare" for JSON that
	// is none, "html" for a gateway's page (API facts §12.10, confidence D).
	RateLimitBody string `json:"rateLimitBody"`
	// TokenLifetime is how long a token is good; zero means one hour. Shorter
	// than a second is possible, although expires_in then says 1.
	TokenLifetime time.Duration `json:"tokenLifetime"`

	// Approvals queues every order for a second person: buy answers 200 with
	// empty data (API facts §3.5, confidence D).
	Approvals bool `json:"approvals"`
	// MissingMarkets are market codes the company may not buy in, and
	// MissingTechnicalContact refuses every order (API facts §1.7, confidence C).
	MissingMarkets          []string `json:"missingMarkets"`
	MissingTechnicalContact bool     `json:"missingTechnicalContact"`
	// NoCapacity lists places without free ports.
	NoCapacity []Capacity `json:"noCapacity"`
	// AccountInfo says what /v2/market and /v2/employment tell: "" what is published,
	// the number and name of the company; "uid" its UID as well, which nobody
	// public has seen; "empty" nothing; "refused" 403 (API facts §1.8).
	AccountInfo string `json:"accountInfo"`
	// ManagedCompanies are the companies that the account manages as a partner; with
	// none it is no partner, and asking for them is 403 (API facts §1.4).
	ManagedCompanies []ManagedCompany `json:"managedCompanies"`
	// RefusedTags are keys of resource tags that no order may bear (API facts
	// §12.11, confidence D).
	RefusedTags []string `json:"refusedTags"`
	// AddOnsForm is the form of addOns that an order may have, "object" or "array";
	// empty takes both (API facts §12.13, confidence D). CrossConnectDelay is how
	// long after CONFIGURED a cross connect is done, and with it the port LIVE.
	AddOnsForm        string        `json:"addOnsForm"`
	CrossConnectDelay time.Duration `json:"crossConnectDelay"`
	// WrongMarket says what a non-empty market that is not the location's does:
	// "reject" (also when empty), "ignore", or "any" to refuse every market that is
	// not empty (API facts §12.7, confidence D).
	WrongMarket string `json:"wrongMarket"`
	// MaxNameLength is the longest product name in characters; zero means 64,
	// negative means any (API facts §12.2, confidence D).
	MaxNameLength int `json:"maxNameLength"`

	// HistoricNotFound answers an unknown UID with 400 instead of 404 (API facts
	// §1.7, confidence A).
	HistoricNotFound bool `json:"historicNotFound"`
	// ErrorData is the shape of data in a refusal: "none", "string" or "list";
	// empty chooses as the published examples do: a single plain reason is a
	// string, everything else a list (API facts §1.7, confidence C).
	ErrorData string `json:"errorData"`

	// LocationsV2 brings GET /v2/locations back, LocationsV3Off takes the v3 one
	// away (API facts §2.2, confidence B).
	LocationsV2    bool `json:"locationsV2"`
	LocationsV3Off bool `json:"locationsV3Off"`
	// BuyV3Off and BuyV4Off take one of the two buy routes away.
	BuyV3Off bool `json:"buyV3Off"`
	BuyV4Off bool `json:"buyV4Off"`
	// OffStatus is the answer of a route that is taken away: 404 (also when zero),
	// 405 or 410.
	OffStatus int `json:"offStatus"`
	// LocationsNeedToken refuses the locations to those who show no token.
	LocationsNeedToken bool `json:"locationsNeedToken"`
	// LocationNames renames and LocationStatuses restates catalog locations by
	// id; ExtraLocations adds locations or replaces those of the same id.
	LocationNames    map[int]string `json:"locationNames"`
	LocationStatuses map[int]string `json:"locationStatuses"`
	ExtraLocations   []Location     `json:"extraLocations"`

	// LAGPrice says whether validate prices a LAG per "member" (also when empty),
	// as a "total", or as a total "rounded" down to a whole number (API facts
	// §12.4, confidence D).
	LAGPrice string `json:"lagPrice"`
	// PricePercent scales all prices, for prices that change between a plan and
	// its apply; zero means 100.
	PricePercent int `json:"pricePercent"`
	// PriceShape is "" for a price, "zero" as test accounts get (API facts §3.3),
	// "empty" for a price that says empty, or "missing" for no price at all.
	PriceShape string `json:"priceShape"`

	// MarketUSA spells the market of US ports "USA" in buy replies and product
	// reads (API facts §3.4, confidence B).
	MarketUSA bool `json:"marketUSA"`
	// ProductTypeUpper spells productType MEGAPORT in reads instead of megaport.
	ProductTypeUpper bool `json:"productTypeUpper"`
	// ZoneNullReads shows a null diversityZone in the first so many reads of each
	// port (API facts §4.5, confidence C).
	ZoneNullReads int `json:"zoneNullReads"`
	// CostCentreOnPrimaryOnly hides the cost centre of other LAG members (API
	// facts §4.4, confidence C).
	CostCentreOnPrimaryOnly bool `json:"costCentreOnPrimaryOnly"`
	// AbsentCostCentreClears makes a modification without costCentre clear it
	// (API facts §12.8, confidence D).
	AbsentCostCentreClears bool `json:"absentCostCentreClears"`
	// LAGCancelCascades makes cancelling a LAG's primary cancel the other members
	// (API facts §12.9, confidence D).
	LAGCancelCascades bool `json:"lagCancelCascades"`

	// AggregationDelay shows no aggregationId for a LAG member this long after its
	// order (API facts §4.4, confidence D).
	AggregationDelay time.Duration `json:"aggregationDelay"`
	// RewriteNames says what the API makes of a product name: "" nothing, "upper",
	// "trim" (runs of spaces are one) or "short" (20 characters); DropTags keeps no
	// resource tags of orders (both confidence D).
	RewriteNames string `json:"rewriteNames"`
	DropTags     bool   `json:"dropTags"`
	// Odd names oddities of answers that are otherwise right; see Oddities.
	Odd []string `json:"odd"`

	// Faults are tried in order on every request; the first that fires wins.
	// Probabilities draw from a generator seeded with FaultSeed.
	Faults    []Fault `json:"faults"`
	FaultSeed uint64  `json:"faultSeed"`
}

// Capacity names a place without free ports. A zero field means any.
type Capacity struct {
	LocationID int    `json:"locationId"`
	Zone       string `json:"zone"`
	// SpeedMbps is the port speed in Mbps.
	SpeedMbps int `json:"speedMbps"`
	// BuyOnly lets validate pass and only the purchase fail (API facts §2.1,
	// confidence D).
	BuyOnly bool `json:"buyOnly"`
}

// Validate reports the first knob whose value means nothing.
func (k Knobs) Validate() error {
	for _, c := range []struct {
		knob, value string
		allowed     []string
	}{
		{"retryAfter", k.RetryAfter, []string{"", "seconds", "date", "none"}},
		{"wrongMarket", k.WrongMarket, []string{"", "reject", "ignore", "any"}},
		{"limits", k.Limits, []string{"", limitsPublished}},
		{"rateLimitBody", k.RateLimitBody, []string{"", "bare", "html"}},
		{"accountInfo", k.AccountInfo, []string{"", "uid", "empty", "refused"}},
		{"addOnsForm", k.AddOnsForm, []string{"", "object", "array"}},
		{"rewriteNames", k.RewriteNames, []string{"", "upper", "trim", "short"}},
		{"errorData", k.ErrorData, []string{"", "none", "string", "list"}},
		{"lagPrice", k.LAGPrice, []string{"", "member", "total", "rounded"}},
		{"priceShape", k.PriceShape, []string{"", "zero", "empty", "missing"}},
	} {
		if !slices.Contains(c.allowed, c.value) {
			return fmt.Errorf("knob %s: %q is none of %q", c.knob, c.value, c.allowed)
		}
	}
	if k.RateLimit < 0 || k.PricePercent < 0 || k.Latency < 0 || k.Jitter < 0 {
		return fmt.Errorf("knobs rateLimit, pricePercent, latency and jitter can not be negative")
	}
	if k.WindowRequests < 0 || k.Window < 0 || k.UpdateInterval < 0 {
		return fmt.Errorf("knobs windowRequests, window and updateInterval cannot be negative")
	}
	if !slices.Contains([]int{0, 404, 405, 410}, k.OffStatus) {
		return fmt.Errorf("knob offStatus: %d is none of 404, 405, 410", k.OffStatus)
	}
	for _, name := range k.Odd {
		if _, known := oddity(name); !known {
			return fmt.Errorf("knob odd: %q is none of %s", name, strings.Join(oddityNames(), ", "))
		}
	}
	for _, f := range k.Faults {
		if err := f.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// clone gives a copy that shares nothing with k.
func (k Knobs) clone() (Knobs, error) {
	b, err := encode(k)
	if err != nil {
		return Knobs{}, err
	}
	var c Knobs
	return c, decode(b, &c)
}

// limitsPublished is the value of the knob limits.
const limitsPublished = "published"

const (
	defaultForgetAfter    = 30 * 24 * time.Hour
	defaultProvisionDelay = 2 * time.Second
	defaultTokenLifetime  = time.Hour
	defaultNameLength     = 64
)

func (k Knobs) provisionDelay() time.Duration {
	switch {
	case k.ProvisionDelay < 0:
		return 0
	case k.ProvisionDelay == 0:
		return defaultProvisionDelay
	}
	return k.ProvisionDelay
}

// forgetAfter gives how long a DECOMMISSIONED service is kept, 0 for ever.
func (k *Knobs) forgetAfter() time.Duration {
	switch {
	case k.ForgetAfter < 0:
		return 0
	case k.ForgetAfter == 0:
		return defaultForgetAfter
	}
	return k.ForgetAfter
}

func (k Knobs) tokenLifetime() time.Duration {
	if k.TokenLifetime <= 0 {
		return defaultTokenLifetime
	}
	return k.TokenLifetime
}

// nameLimit gives the longest product name in characters, 0 for any.
func (k Knobs) nameLimit() int {
	switch {
	case k.MaxNameLength < 0:
		return 0
	case k.MaxNameLength == 0:
		return defaultNameLength
	}
	return k.MaxNameLength
}
