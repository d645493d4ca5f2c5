package sandbox

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Knobs change how the simulated API behaves, at start or while it runs. The
// zero value is the API as it is believed to be on a good day. As JSON (the
// admin endpoint /_sandbox/knobs) durations are strings such as "2s".
//
// Each field is one row of the table of knobs: its tags hold what it does, the only
// values that it may have beside its zero value (of), and whether it may be negative
// (min). docs/sandbox.md is made from them.
type Knobs struct {
	// Time and lifecycles. A write goes on when the client has left during the
	// latency, as on a real server. A port's schedule is fixed when it is bought.
	Latency           time.Duration `json:"latency" doc:"added to every answer, such as \"50ms\"" min:"0"`
	Jitter            time.Duration `json:"jitter" doc:"up to this much more latency at random" min:"0"`
	ProvisionDelay    time.Duration `json:"provisionDelay" doc:"from order to CONFIGURED, and again to LIVE (2s; negative: at once)"`
	ListingLag        time.Duration `json:"listingLag" doc:"new services appear in the listing only after this"`   // API facts §4.1, §12, D
	NotFoundAfterBuy  time.Duration `json:"notFoundAfterBuy" doc:"new services cannot be read at all before this"` // API facts §8.2, D
	Stuck             []string      `json:"stuck" doc:"name globs: ports that stay DEPLOYABLE"`
	Failed            []string      `json:"failed" doc:"name globs: ports that turn FAILED"`
	LOADelay          time.Duration `json:"loaDelay" doc:"the LOA comes only this long after CONFIGURED"`
	DecommissionDelay time.Duration `json:"decommissionDelay" doc:"show DECOMMISSIONING this long after a cancel"`                                                         // API facts §5.4
	ForgetAfter       time.Duration `json:"forgetAfter" doc:"how long a DECOMMISSIONED service is still known after its end (720h, which is 30 days; negative: for ever)"` // API facts §4.1, B
	ClockAhead        time.Duration `json:"clockAhead" doc:"moves the sandbox's clock: it is ahead by as much, such as \"720h\""`
	DateSkew          time.Duration `json:"dateSkew" doc:"shifts the dates that answers show, and nothing else"`

	// Limits and tokens (API facts §1.7, §8.1; what is refused and how D, §12.10).
	RateLimit           float64       `json:"rateLimit" doc:"requests a second; the others get 429 (0: no limit)" min:"0"`
	RateBurst           int           `json:"rateBurst" doc:"requests that may come at once under rateLimit"`
	RetryAfter          string        `json:"retryAfter" doc:"form of Retry-After with 429: seconds, date, none" of:"seconds,date,none"`
	Limits              string        `json:"limits" doc:"\"published\" turns the published limits on: 500 requests in 5 minutes per client address, one update per service in 5 minutes" of:"published"`
	WindowRequests      int           `json:"windowRequests" doc:"requests of one client address in any window (0: as limits says)" min:"0"`
	Window              time.Duration `json:"window" doc:"length of that window (5m)" min:"0"`
	UpdateInterval      time.Duration `json:"updateInterval" doc:"least time between two updates of one service (0: as limits says)" min:"0"`
	WindowCountsRefused bool          `json:"windowCountsRefused" doc:"refused requests count in the window too"`
	RateLimitBody       string        `json:"rateLimitBody" doc:"body of a 429: bare (JSON without the envelope), html (empty: the envelope)" of:"bare,html"`
	TokenLifetime       time.Duration `json:"tokenLifetime" doc:"how long a token is good (1h)"`

	// The account and its orders (API facts §1.7, C; the others D: §3.5, §12).
	Approvals               bool             `json:"approvals" doc:"queue every order for a second person"`
	MissingMarkets          []string         `json:"missingMarkets" doc:"market codes the company cannot buy in"`
	MissingTechnicalContact bool             `json:"missingTechnicalContact" doc:"refuse orders for want of a technical contact"`
	NoCapacity              []Capacity       `json:"noCapacity" doc:"places without free ports: locationId, zone, speedMbps, buyOnly (validate passes)"`
	AccountInfo             string           `json:"accountInfo" doc:"what /v2/market and /v2/employment tell: uid (the company's UID as well), empty, refused (empty: as published)" of:"uid,empty,refused"` // API facts §1.8
	ManagedCompanies        []ManagedCompany `json:"managedCompanies" doc:"companies that the account manages: accountName, accountRef, companyUid (none: no partner)"`                                       // API facts §1.4
	RefusedTags             []string         `json:"refusedTags" doc:"keys of resource tags that no order may bear"`
	AddOnsForm              string           `json:"addOnsForm" doc:"form of addOns in an order: object, array (empty: both)" of:"object,array"`
	CrossConnectDelay       time.Duration    `json:"crossConnectDelay" doc:"from CONFIGURED until a cross connect is done and its port LIVE"`
	WrongMarket             string           `json:"wrongMarket" doc:"what a wrong market in an order does: reject, ignore, any (every market but an empty one is refused)" of:"reject,ignore,any"`
	MaxNameLength           int              `json:"maxNameLength" doc:"longest product name in characters (64; negative: any)"`

	// Routes, refusals and locations. Either form of buy can be taken away, since
	// it is not known for how long both are served.
	HistoricNotFound   bool           `json:"historicNotFound" doc:"answer an unknown UID with 400 instead of 404"`                                       // API facts §1.7, A
	ErrorData          string         `json:"errorData" doc:"shape of data in a refusal: none, string, list (empty: as published)" of:"none,string,list"` // API facts §1.7, C
	LocationsV3Off     bool           `json:"locationsV3Off" doc:"do not serve GET /v3/locations"`
	BuyV3Off           bool           `json:"buyV3Off" doc:"do not serve POST /v3/networkdesign/buy"`
	BuyV4Off           bool           `json:"buyV4Off" doc:"do not serve POST /v4/networkdesign/buy"`
	OffStatus          int            `json:"offStatus" doc:"answer of a route that is taken away: 404, 405, 410 (404)" of:"404,405,410"`
	LocationsNeedToken bool           `json:"locationsNeedToken" doc:"refuse the locations without a token"`
	LocationNames      map[int]string `json:"locationNames" doc:"rename locations: {\"89\": \"New Name\"}"`
	LocationStatuses   map[int]string `json:"locationStatuses" doc:"restate locations: {\"89\": \"Restricted\"}"`
	ExtraLocations     []Location     `json:"extraLocations" doc:"add or replace locations"`

	// Prices, what answers look like, and faults, which are tried in order: the
	// first that fires wins.
	LAGPrice                string        `json:"lagPrice" doc:"how validate prices a LAG: member, total, rounded (a total rounded down)" of:"member,total,rounded"` // API facts §12.4, D
	PricePercent            int           `json:"pricePercent" doc:"scale all prices (100)" min:"0"`
	PriceShape              string        `json:"priceShape" doc:"what validate says of prices: zero, empty, missing (empty: the price)" of:"zero,empty,missing"` // API facts §3.3
	MarketUSA               bool          `json:"marketUSA" doc:"spell the market of US ports \"USA\""`                                                           // API facts §3.4, B
	ProductTypeUpper        bool          `json:"productTypeUpper" doc:"spell productType MEGAPORT in reads instead of megaport"`
	ZoneNullReads           int           `json:"zoneNullReads" doc:"the diversity zone is null in the first so many reads of each port"`                             // API facts §4.5, C
	CostCentreOnPrimaryOnly bool          `json:"costCentreOnPrimaryOnly" doc:"hide the cost centre of the other LAG members"`                                        // API facts §4.4, C
	AbsentCostCentreClears  bool          `json:"absentCostCentreClears" doc:"a modification without costCentre clears it"`                                           // API facts §12.8, D
	LAGCancelCascades       bool          `json:"lagCancelCascades" doc:"cancelling a LAG's primary cancels its members"`                                             // API facts §12.9, D
	ApprovalPagesFromZero   bool          `json:"approvalPagesFromZero" doc:"pages of approvals count from 0"`                                                        // API facts §3.5, A that they count from 1
	AggregationDelay        time.Duration `json:"aggregationDelay" doc:"LAG members show no aggregationId this long after their order"`                               // API facts §4.4, D
	RewriteNames            string        `json:"rewriteNames" doc:"what the API makes of a product name: upper, trim, short (empty: nothing)" of:"upper,trim,short"` // D
	DropTags                bool          `json:"dropTags" doc:"keep no resource tags of orders"`                                                                     // D
	Odd                     []string      `json:"odd" doc:"a list of oddities; see there"`
	Faults                  []Fault       `json:"faults" doc:"a list of faults; see the fault kinds"`
	FaultSeed               uint64        `json:"faultSeed" doc:"seed of the faults' probabilities"`
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

// KnobDoc documents one knob by its JSON name, for help texts.
type KnobDoc struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// KnobDocs lists all knobs in the order of Knobs.
func KnobDocs() []KnobDoc {
	var out []KnobDoc
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Knobs]()) {
		out = append(out, KnobDoc{f.Tag.Get("json"), f.Tag.Get("doc")})
	}
	return out
}

// ParseKnobs reads knobs from JSON, in the form of /_sandbox/knobs: durations are
// strings such as "2s", and a name that is not a knob's is an error.
func ParseKnobs(b []byte) (Knobs, error) {
	var k Knobs
	if err := decodeStrict(b, &k); err != nil {
		return Knobs{}, fmt.Errorf("sandbox knobs: %w", err)
	}
	return k, k.Validate()
}

// Validate reports the first knob whose value means nothing.
func (k Knobs) Validate() error {
	values := reflect.ValueOf(k)
	for _, f := range reflect.VisibleFields(values.Type()) {
		value := values.FieldByIndex(f.Index)
		text, allowed := fmt.Sprint(value), f.Tag.Get("of")
		if allowed != "" && !value.IsZero() && !slices.Contains(strings.Split(allowed, ","), text) {
			return fmt.Errorf("knob %s: %q is none of %s", f.Tag.Get("json"), text, strings.ReplaceAll(allowed, ",", ", "))
		}
		if f.Tag.Get("min") != "" && strings.HasPrefix(text, "-") {
			return fmt.Errorf("knob %s cannot be negative", f.Tag.Get("json"))
		}
	}
	for _, name := range k.Odd {
		if _, known := oddity(name); !known {
			return fmt.Errorf("knob odd: %q is none of %s", name, listOf(oddities, ", ", func(o Oddity) string { return o.Name }))
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
func (k Knobs) clone() (c Knobs, err error) {
	b, err := encode(k)
	if err != nil {
		return c, err
	}
	return c, decode(b, &c)
}

const limitsPublished = "published" // the value of the knob limits

// or gives a knob's value, what zero stands for, or 0 for a negative value.
func or[T ~int | ~int64](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return max(value, 0)
}

func (k *Knobs) provisionDelay() time.Duration { return or(k.ProvisionDelay, 2*time.Second) }

// forgetAfter gives how long a DECOMMISSIONED service is kept, 0 for ever.
func (k *Knobs) forgetAfter() time.Duration { return or(k.ForgetAfter, 30*24*time.Hour) }

// nameLimit gives the longest product name in characters, 0 for any (API facts
// §12.2, confidence D).
func (k *Knobs) nameLimit() int { return or(k.MaxNameLength, 64) }

func (k *Knobs) tokenLifetime() time.Duration { return or(max(k.TokenLifetime, 0), time.Hour) }
