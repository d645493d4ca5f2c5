package sandbox

import "slices"

// KnobDoc documents one knob by its JSON name, for help texts.
type KnobDoc struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// KnobDocs lists all knobs in the order of Knobs.
func KnobDocs() []KnobDoc {
	return slices.Concat(timeKnobs(), limitKnobs(), orderKnobs(), routeKnobs(), answerKnobs())
}

// timeKnobs are about time and lifecycles.
func timeKnobs() []KnobDoc {
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
		{"forgetAfter", "how long a DECOMMISSIONED service is still known after its end (720h, which is 30 days; negative: for ever)"},
		{"clockAhead", `moves the sandbox's clock: it is ahead by as much, such as "720h"`},
		{"dateSkew", "shifts the dates that answers show, and nothing else"},
	}
}

// limitKnobs are about limits and tokens.
func limitKnobs() []KnobDoc {
	return []KnobDoc{
		{"rateLimit", "requests a second; the others get 429 (0: no limit)"},
		{"rateBurst", "requests that may come at once under rateLimit"},
		{"retryAfter", "form of Retry-After with 429: seconds, date, none"},
		{"limits", `"published" turns the published limits on: 500 requests in 5 minutes per client address, one update per service in 5 minutes`},
		{"windowRequests", "requests of one client address in any window (0: as limits says)"},
		{"window", "length of that window (5m)"},
		{"updateInterval", "least time between two updates of one service (0: as limits says)"},
		{"windowCountsRefused", "refused requests count in the window too"},
		{"rateLimitBody", "body of a 429: bare (JSON without the envelope), html (empty: the envelope)"},
		{"tokenLifetime", "how long a token is good (1h)"},
	}
}

// orderKnobs are about the account and its orders.
func orderKnobs() []KnobDoc {
	return []KnobDoc{
		{"approvals", "queue every order for a second person"},
		{"missingMarkets", "market codes the company can not buy in"},
		{"missingTechnicalContact", "refuse orders for want of a technical contact"},
		{"noCapacity", "places without free ports: locationId, zone, speedMbps, buyOnly (validate passes)"},
		{"accountInfo", "what /v2/market and /v2/employment tell: uid (the company's UID as well), empty, refused (empty: as published)"},
		{"managedCompanies", "companies that the account manages: accountName, accountRef, companyUid (none: no partner)"},
		{"refusedTags", "keys of resource tags that no order may bear"},
		{"addOnsForm", "form of addOns in an order: object, array (empty: both)"},
		{"crossConnectDelay", "from CONFIGURED until a cross connect is done and its port LIVE"},
		{"wrongMarket", "what a wrong market in an order does: reject, ignore, any (every market but an empty one is refused)"},
		{"maxNameLength", "longest product name in characters (64; negative: any)"},
	}
}

// routeKnobs are about routes, refusals and locations.
func routeKnobs() []KnobDoc {
	return []KnobDoc{
		{"historicNotFound", "answer an unknown UID with 400 instead of 404"},
		{"errorData", "shape of data in a refusal: none, string, list (empty: as published)"},
		{"locationsV2", "serve the retired GET /v2/locations"},
		{"locationsV3Off", "do not serve GET /v3/locations"},
		{"buyV3Off", "do not serve POST /v3/networkdesign/buy"},
		{"buyV4Off", "do not serve POST /v4/networkdesign/buy"},
		{"offStatus", "answer of a route that is taken away: 404, 405, 410 (404)"},
		{"locationsNeedToken", "refuse the locations without a token"},
		{"locationNames", `rename locations: {"89": "New Name"}`},
		{"locationStatuses", `restate locations: {"89": "Restricted"}`},
		{"extraLocations", "add or replace locations"},
	}
}

// answerKnobs are about prices, what answers look like, and faults.
func answerKnobs() []KnobDoc {
	return []KnobDoc{
		{"lagPrice", "how validate prices a LAG: member, total, rounded (a total rounded down)"},
		{"pricePercent", "scale all prices (100)"},
		{"priceShape", "what validate says of prices: zero, empty, missing (empty: the price)"},
		{"marketUSA", `spell the market of US ports "USA"`},
		{"productTypeUpper", "spell productType MEGAPORT in reads instead of megaport"},
		{"zoneNullReads", "the diversity zone is null in the first so many reads of each port"},
		{"costCentreOnPrimaryOnly", "hide the cost centre of the other LAG members"},
		{"absentCostCentreClears", "a modification without costCentre clears it"},
		{"lagCancelCascades", "cancelling a LAG's primary cancels its members"},
		{"approvalPagesFromZero", "pages of approvals count from 0"},
		{"aggregationDelay", "LAG members show no aggregationId this long after their order"},
		{"rewriteNames", "what the API makes of a product name: upper, trim, short (empty: nothing)"},
		{"dropTags", "keep no resource tags of orders"},
		{"odd", "a list of oddities; see there"},
		{"faults", "a list of faults; see the fault kinds"},
		{"faultSeed", "seed of the faults' probabilities"},
	}
}
