package sandbox

// KnobDoc documents one knob by its JSON name, for help texts.
type KnobDoc struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// KnobDocs lists all knobs in the order of Knobs.
func KnobDocs() []KnobDoc {
	return []KnobDoc{
		{"latency", `added to every answer, such as "50ms"`},
		{"jitter", "up to this much more latency at random"},
		{"provisionDelay", "from order to CONFIGURED, and again to LIVE (2s; negative: at once)"},
		{"listingLag", "new services appear in the listing only after this"},
		{"notFoundAfterBuy", "new services can not be read at all before this"},
		{"stuck", "name globs: ports that stay DEPLOYABLE"},
		{"failed", "name globs: ports that turn FAILED"},
		{"loaDelay", "the LOA comes only this long after CONFIGURED"},
		{"decommissionDelay", "show DECOMMISSIONING this long after a cancel"},
		{"rateLimit", "requests a second; the others get 429 (0: no limit)"},
		{"rateBurst", "requests that may come at once under rateLimit"},
		{"retryAfter", "form of Retry-After with 429: seconds, date, none"},
		{"tokenLifetime", "how long a token is good (1h)"},
		{"approvals", "queue every order for a second person"},
		{"missingMarkets", "market codes the company can not buy in"},
		{"missingTechnicalContact", "refuse orders for want of a technical contact"},
		{"noCapacity", "places without free ports: locationId, zone, speedMbps, buyOnly (validate passes)"},
		{"wrongMarket", "what a wrong market in an order does: reject, ignore"},
		{"maxNameLength", "longest product name in characters (64; negative: any)"},
		{"historicNotFound", "answer an unknown UID with 400 instead of 404"},
		{"errorData", "shape of data in a refusal: none, string, list (empty: as published)"},
		{"locationsV2", "serve the retired GET /v2/locations"},
		{"locationsV3Off", "do not serve GET /v3/locations"},
		{"buyV3Off", "do not serve POST /v3/networkdesign/buy"},
		{"buyV4Off", "do not serve POST /v4/networkdesign/buy"},
		{"locationNames", `rename locations: {"89": "New Name"}`},
		{"locationStatuses", `restate locations: {"89": "Restricted"}`},
		{"extraLocations", "add or replace locations"},
		{"lagPrice", "validate prices a LAG per member or as a total"},
		{"pricePercent", "scale all prices (100)"},
		{"priceShape", "what validate says of prices: zero, empty, missing (empty: the price)"},
		{"marketUSA", `spell the market of US ports "USA"`},
		{"productTypeUpper", "spell productType MEGAPORT in reads instead of megaport"},
		{"zoneNullReads", "the diversity zone is null in the first so many reads of each port"},
		{"costCentreOnPrimaryOnly", "hide the cost centre of the other LAG members"},
		{"absentCostCentreClears", "a modification without costCentre clears it"},
		{"lagCancelCascades", "cancelling a LAG's primary cancels its members"},
		{"faults", "a list of faults; see the fault kinds"},
		{"faultSeed", "seed of the faults' probabilities"},
	}
}
