package inventory

import (
	"fmt"

	"github.com/portctl/portctl/pkg/plan"
)

// mapping is a set of the mappings of the language.
type mapping uint16

const (
	atTop mapping = 1 << iota
	inPolicy
	inDefaults
	inPorts
	inRollouts
	inSite  // {id: 89}
	inPart  // the limits of a cost centre or market
	inAlias // a short name of a site, as {id: 89, handoff: ...}
	inHandoff
)

// inEntries are the keys that an entry of ports and one of rollouts share.
const inEntries = inPorts | inRollouts

// attribute is one key of the language. What is read, the JSON Schema, the tables
// of docs/inventory.md, the columns of a spreadsheet and the hints for keys that
// are not known are all made from its row.
type attribute struct {
	key string
	in  mapping // where it may stand
	// kind is the kind of its value; unit, need (required, or the default),
	// example and doc are for the reference, doc is also for editors.
	kind                     kind
	unit, need, example, doc string
	// required is the hint given when the key is missing; empty when it may be.
	required string
	// words are what the API, its official clients, spreadsheets and common sense
	// call the key, in lower case without separators.
	words []string
	// single is true of what is decided for each service by itself, and so is no
	// column of a spreadsheet.
	single bool
	// merges is true when the value of the defaults is laid under the entry's own
	// instead of giving way to it.
	merges bool
	// read reads a value into the document at hand (r.doc) or into an entry. It is
	// called again for every port that a rollout or the defaults give the value to.
	read func(r *reader, v *yamlNode, e *entry)
	// once takes what a document says for the whole inventory, in which the key may
	// be given once; nil when it may be given in every document.
	once func(b *builder, r *reader)
}

// Words for keys that have another name in a rollout.
var (
	nameWords = []string{"productname", "portname", "servicename", "title"}
	siteWords = []string{"location", "locationid", "locationname", "siteid", "sitename", "datacentre", "datacenter", "dc", "facility"}
	zoneWords = []string{"zone", "diversity", "colour", "color"}
)

// attributes is the language: its keys, in the order of the reference. It is
// never changed.
var attributes = language{
	{
		key: "version", in: atTop, kind: aVersion, need: "in every file", example: "1", words: []string{"apiversion"},
		doc:      "The version of the inventory language: 1.",
		required: `begin the file with "version: 1"`,
		read:     func(r *reader, v *yamlNode, _ *entry) { r.version(v) },
	},
	{
		key: "name", in: atTop, kind: aName, need: "once", example: "emea-core",
		doc:  "The inventory's name. It goes into the tags of every order. All files together have one.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.name, _ = r.text(v, "name", maxName) },
		once: func(b *builder, r *reader) { b.inv.Name = r.doc.name },
	},
	{
		key: "environment", in: atTop, kind: anEnv, need: "no, or once", example: "staging", words: []string{"env"},
		doc:  "A guard: the inventory is refused against any other environment, except for rehearsals in the sandbox.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.environment = r.environment(v) },
		once: func(b *builder, r *reader) { b.inv.Environment = r.doc.environment },
	},
	{
		key: "state", in: atTop, kind: aState, need: ".portctl/ beside the first file, or once", example: "s3://netops/portctl", words: []string{"ledger", "backend"},
		doc:  "Where claims and lock are kept. A path is taken from the directory of this file.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.state = r.ledger(v) },
		once: func(b *builder, r *reader) { b.inv.State = r.doc.state },
	},
	{
		key: "policy", in: atTop, kind: aPolicy, need: "no, or once", example: "{maxBuy: 25}", words: []string{"limits", "budget"},
		doc: "Limits on what one run may buy, checked on its sums before the first order.",
		read: func(r *reader, v *yamlNode, _ *entry) {
			e := &entry{}
			r.decode(inPolicy, v, e)
			r.doc.policy.Limits = e.limits
		},
		once: func(b *builder, r *reader) {
			r.followPolicySites()
			b.inv.Policy, b.termsAt = r.doc.policy, r.doc.termsAt
		},
	},
	{
		key: "unmanaged", in: atTop, kind: someNames, need: "no, or once", example: "[lab-7]", words: []string{"ignore", "ignored"},
		doc:  "Services in the account that portctl leaves alone, by name or UID.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.unmanaged(v) },
		once: (*builder).leave,
	},
	{
		key: "defaults", in: atTop, kind: someDefaults, need: "no", example: "{term: 12}", words: []string{"default"},
		doc:  "Default values for the entries of this file.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.defaults = r.decode(inDefaults, v, &entry{}) },
	},
	{
		key: "sites", in: atTop, kind: someSites, need: "no", example: "{lhr20: {id: 89}}", words: []string{"locations"},
		doc:  "Short names for locations, for this file.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.sites(v) },
	},
	{
		key: "ports", in: atTop, kind: somePorts, need: "no; without ports and rollouts there is a warning", example: "- name: lon-core-1", words: []string{"entries"},
		doc:  "The entries: each is one port, or one LAG.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.ports = r.entries(v, inPorts, "ports", "entry") },
	},
	{
		key: "rollouts", in: atTop, kind: someRollouts, need: "no", example: `- name: "{site}-{zone}"`,
		doc: "Many ports from one entry: one for each site, zone and number.",
		read: func(r *reader, v *yamlNode, _ *entry) {
			r.doc.rolloutsFirst = r.doc.ports == nil
			r.doc.rollouts = r.entries(v, inRollouts, "rollouts", "rollout")
		},
	},
	{
		key: "maxMonthly", in: inPolicy | inPart, kind: someAmounts, unit: "money per month", need: "no limit", example: "{GBP: 20000}", words: []string{"monthly", "maxmonthlycost"},
		doc:  "The most that one run may add to the monthly bill, by currency. Once a limit of either kind is set, a currency without one is refused.",
		read: func(r *reader, v *yamlNode, e *entry) { e.limits.MaxMonthly = r.amounts(v, "maxMonthly") },
	},
	{
		key: "maxCommitment", in: inPolicy | inPart, kind: someAmounts, unit: "money", need: "no limit", example: "{GBP: 300000}", words: []string{"commitment", "maxtotal"},
		doc:  "The most that one run may commit to, by currency: monthly price times term, plus one-time charges.",
		read: func(r *reader, v *yamlNode, e *entry) { e.limits.MaxCommitment = r.amounts(v, "maxCommitment") },
	},
	{
		key: "maxBuy", in: inPolicy, kind: aLimit, unit: "orders", need: "100", example: "25", words: []string{"maxorders", "maxports"},
		doc:  "The most orders that one run may send.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.policy.MaxBuy = r.maxBuy(v) },
	},
	{
		key: "terms", in: inPolicy, kind: someTerms, unit: "months", need: "every term", example: "[12, 24]", words: []string{"allowedterms"},
		doc:  "The contract terms that entries may have.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.policy.Terms, r.doc.termsAt = r.terms(v), r.at(v) },
	},
	{
		key: "speeds", in: inPolicy, kind: someSpeeds, unit: "bare numbers are Mbps", need: "every speed", example: "[1G, 10G]", words: []string{"allowedspeeds"},
		doc:  "The speeds that may be ordered. Services that exist may have others.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.policy.Speeds = r.speeds(v) },
	},
	{
		key: "sites", in: inPolicy, kind: policySites, need: "every location", example: "[lhr20, {id: 131}]", words: []string{"allowedsites", "locations"},
		doc:  "The sites at which may be ordered, each written like the site of a port.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.policySites = r.siteList(v, "keep one of the two") },
	},
	{
		key: "requiredTags", in: inPolicy, kind: tagNames, need: "none", example: "[owner]", words: []string{"tags", "mandatorytags"},
		doc:  "The names of tags that every order must declare with a value.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.policy.RequiredTags = r.requiredTags(v) },
	},
	{
		key: "perCostCentre", in: inPolicy, kind: someParts, need: "no limits", example: "{NET-042: {maxMonthly: {GBP: 5000}}}", words: []string{"percostcenter", "costcentre", "costcentres"},
		doc: "Limits of what one run may add to a cost centre: maxMonthly and maxCommitment, by the cost centre as orders name it.",
		read: func(r *reader, v *yamlNode, _ *entry) {
			r.doc.policy.PerCostCentre = r.parts(v, "perCostCentre", "a cost centre")
		},
	},
	{
		key: "perMarket", in: inPolicy, kind: someParts, need: "no limits", example: "{DE: {maxMonthly: {EUR: 5000}}}", words: []string{"market", "markets"},
		doc:  "Limits of what one run may add in a market, by the market's code: maxMonthly and maxCommitment.",
		read: func(r *reader, v *yamlNode, _ *entry) { r.doc.policy.PerMarket = r.markets(v) },
	},
	{
		key: "name", in: inPorts, kind: aPortName, need: "yes, unless absent with a uid", example: "lon-core-1", words: nameWords,
		doc:      "The product name, unique in the inventory: the identity of the entry.",
		required: `add "name: ..."; it is the product name, and identifies the entry`,
		read:     func(r *reader, v *yamlNode, e *entry) { e.port.Name = r.portName(v) },
	},
	{
		key: "site", in: inPorts, kind: aSite, need: "yes", example: "lhr20", words: siteWords,
		doc:      "A short name from sites, the name of a location, or its id.",
		required: `add "site: ..." with an alias, the name of a location, or {id: 89}`,
		read: func(r *reader, v *yamlNode, e *entry) {
			e.port.Site = r.site(v, "an entry is one port at one site: write an entry for each site, or a rollout")
		},
	},
	{
		key: "diversityZone", in: inPorts, kind: aZone, need: "Megaport chooses", example: "red", words: zoneWords,
		doc:  "The diversity zone.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Zone = r.zone(v, "diversityZone") },
	},
	{
		key: "name", in: inRollouts, kind: aTemplate, need: "yes", example: `"{site}-edge-{zone}"`, words: append([]string{"template"}, nameWords...),
		doc:      "The name of each port: {site} as written under sites, {zone}, and {n} from 1 to count within one site and zone.",
		required: `add "name: ..." with {site}, {zone} and {n} where they belong, such as "{site}-edge-{zone}"`,
		read:     func(r *reader, v *yamlNode, e *entry) { e.port.Name = r.template(v) },
	},
	{
		key: "sites", in: inRollouts, kind: rolloutSites, need: "yes", example: "[lhr20, {id: 131}]", words: append([]string{"site"}, siteWords...),
		doc:      "The sites of the ports, each written like the site of a port.",
		required: `add "sites: [...]" with aliases, names of locations, or {id: 89}`,
		read:     func(r *reader, v *yamlNode, e *entry) { e.sites = r.rolloutSites(v) },
	},
	{
		key: "zones", in: inRollouts, kind: rolloutZones, need: "Megaport chooses", example: "[red, blue]", words: append([]string{"diversityzone"}, zoneWords...),
		doc:  "The diversity zones that get ports at each site.",
		read: func(r *reader, v *yamlNode, e *entry) { e.zones = r.rolloutZones(v) },
	},
	{
		key: "count", in: inRollouts, kind: aCount, unit: "ports", need: "1", example: "2", words: []string{"number", "quantity", "n"},
		doc:  "How many ports each site and zone gets. Rollouts expand to 100,000 ports at most.",
		read: func(r *reader, v *yamlNode, e *entry) { e.count = r.count(v) },
	},
	{
		key: "speed", in: inEntries, kind: aSpeed, unit: "bare numbers are Mbps", need: "yes", example: "10G", words: []string{"portspeed", "bandwidth", "ratelimit", "capacity", "bw"},
		doc:      "The port speed; in a LAG that of each member.",
		required: fmt.Sprintf(`add "speed: ...", one of %s`, speedList),
		read:     func(r *reader, v *yamlNode, e *entry) { e.port.Speed = r.speed(v) },
	},
	{
		key: "lag", in: inEntries, kind: someMembers, unit: "members", need: "a single port", example: "4",
		words: []string{"lagportcount", "lagcount", "members", "lagmembers", "lagsize", "lagports"},
		doc:   "Makes a LAG of that many ports, of 10G or faster. Growing it later is an order, shrinking is refused.",
		read:  func(r *reader, v *yamlNode, e *entry) { e.port.LAG = r.members(v) },
	},
	{
		key: "locked", in: inEntries, kind: aBoolean, need: "not compared", example: "true", words: []string{"lock", "protected"},
		doc:  "Protects the service against changes by others. Portctl unlocks it, changes it and locks it again.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Locked = r.boolean(v, "locked") },
	},
	{
		key: "crossConnect", in: inEntries | inDefaults, kind: aBoolean, need: "false", example: "true",
		words: []string{"crossconnects", "xconnect", "crossconnectrequested", "addons", "addon"},
		doc:   "Has Megaport order the cross connect of each port with it: for a monthly rate and one-time fees, where the location offers it, and with a term of more than 1 month. It changes nothing for a port that exists.",
		read: func(r *reader, v *yamlNode, e *entry) {
			want := r.boolean(v, "crossConnect")
			e.port.CrossConnect = want != nil && *want
		},
	},
	{
		key: "promoCode", in: inEntries, kind: aText, need: "none", example: "SPRING", words: []string{"promo", "promotion", "discountcode", "discountcodes"},
		doc:  "Sent with the order as is. Megaport silently ignores unknown codes.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.PromoCode, _ = r.text(v, "promoCode", unlimited) },
	},
	{
		key: "term", in: inEntries | inDefaults, kind: aTerm, unit: "months", need: "yes, here or in defaults", example: "12",
		words: []string{"contractterm", "contracttermmonths", "months", "termmonths", "contract", "contractlength"},
		doc:   "The contract term in months.",
		read:  func(r *reader, v *yamlNode, e *entry) { e.port.Term = r.term(v) },
	},
	{
		key: "sameZone", in: inEntries | inDefaults, kind: intended, need: "a warning", example: "intended", words: []string{"shareszone", "samezoneok"}, single: true,
		doc:  "The value intended says that the port may share its diversity zone of a site with others: there is no warning.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.SameZone = r.intended(v) },
	},
	{
		key: "costCentre", in: inEntries | inDefaults, kind: aCostCentre, need: "not compared", example: "NET-042", words: []string{"costcenter", "servicelevelreference", "costcode"},
		doc:  "Free text for the invoice. The empty text asks for none.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.CostCentre = r.declared(v, "costCentre", maxCostCentre) },
	},
	{
		key: "marketplaceVisibility", in: inEntries | inDefaults, kind: aBoolean, need: "not compared", example: "false", words: []string{"visibility", "marketplace"},
		doc: "Whether other companies see the port in the Megaport Marketplace.",
		read: func(r *reader, v *yamlNode, e *entry) {
			e.port.MarketplaceVisibility = r.boolean(v, "marketplaceVisibility")
		},
	},
	{
		key: "tags", in: inEntries | inDefaults, kind: someTags, need: "not compared", example: "{team: network}", words: []string{"resourcetags", "labels", "tag"}, merges: true,
		doc:  "Resource tags. An entry's tags are merged over those of defaults, by name.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Tags = under(e.port.Tags, r.tags(v)) },
	},
	{
		key: "handoff", in: inEntries | inDefaults | inAlias, kind: aHandoff, need: "none", example: "{cage: C12, cabinet: A3}", words: []string{"demarcation", "patching"}, single: true, merges: true,
		doc:  "Where the cross connect goes in the data centre, for `portctl handover`. It is never sent to Megaport. An entry's is merged over that of its site, and that over defaults, key by key.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Handoff = e.port.Handoff.Or(r.handoff(v)) },
	},
	{
		key: "netbox", in: inAlias, kind: aText, need: "none", example: "lon-ld5", words: []string{"netboxsite", "slug"},
		doc:  "The slug of the site in NetBox, for `portctl export netbox`.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Site.NetBox, _ = r.text(v, "netbox", unlimited) },
	},
	{
		key: "formerly", in: inPorts, kind: aText, need: "no", example: "lon-1", words: []string{"previousname", "oldname", "renamedfrom", "former"},
		doc:  "The current name of the service: portctl finds it by this name and renames it.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Formerly, _ = r.text(v, "formerly", unlimited) },
	},
	{
		key: "uid", in: inPorts, kind: aUID, need: "no", example: "36b3f68e-2f54-4331-bf94-f8984449365f", words: []string{"productuid", "serviceuid", "portuid", "id", "uuid"},
		doc:  "Binds the entry to exactly this service. Such an entry is never bought.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.UID = r.uid(v, "uid") },
	},
	{
		key: "replaces", in: inPorts, kind: aUID, need: "no", example: "36b3f68e-2f54-4331-bf94-f8984449365f", words: []string{"replace"},
		doc:  "The cancelled service of the same name that this entry replaces.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Replaces = r.uid(v, "replaces") },
	},
	{
		key: "state", in: inPorts, kind: absent, need: "the port is wanted", example: "absent", words: []string{"ensure", "status", "delete", "absent"}, single: true,
		doc:  "The value absent cancels the service. Nothing else does.",
		read: func(r *reader, v *yamlNode, e *entry) { e.port.Absent = r.absent(v) },
	},
	{
		key: "takeover", in: inPorts, kind: aBoolean, need: "false", example: "true", words: []string{"adopt", "force", "takeownership"}, single: true,
		doc: "Lets this inventory change, rename, grow or cancel a service that another inventory ordered.",
		read: func(r *reader, v *yamlNode, e *entry) {
			take := r.boolean(v, "takeover")
			e.port.Takeover = take != nil && *take
		},
	},
	{
		key: "id", in: inSite | inAlias, kind: aLocationID, need: "yes", example: "89", words: []string{"locationid", "location", "siteid"},
		doc:      locationIDDoc,
		required: "write {id: 89} with the id of the location",
		read: func(r *reader, v *yamlNode, e *entry) {
			site := r.locationID(v)
			e.port.Site.ID, e.port.Site.Written = site.ID, site.Written
		},
	},
	handoffKey("operator", "Who runs the data centre.", "Equinix", func(h *plan.Handoff) *string { return &h.Operator }, "provider", "datacentre", "datacenter"),
	handoffKey("account", "The customer's account or company there, as it is registered for the cage.", "ACME-1234", func(h *plan.Handoff) *string { return &h.Account }, "accountnumber", "company"),
	handoffKey("cage", "The cage.", "C12", func(h *plan.Handoff) *string { return &h.Cage }, "suite", "room"),
	handoffKey("cabinet", "The cabinet or rack.", "A3", func(h *plan.Handoff) *string { return &h.Cabinet }, "rack"),
	handoffKey("panel", "The patch panel.", "PP-2", func(h *plan.Handoff) *string { return &h.Panel }, "patchpanel", "pp"),
	handoffKey("ports", "The ports of the patch panel.", `"1,2"`, func(h *plan.Handoff) *string { return &h.Ports }, "port", "positions"),
	handoffKey("connector", "The connector.", "LC", func(h *plan.Handoff) *string { return &h.Connector }, "connectortype"),
	handoffKey("media", "The kind of cable.", "single-mode", func(h *plan.Handoff) *string { return &h.Media }, "cable", "fibre", "fiber"),
	handoffKey("contact", "Who is to be asked, with a way to reach them.", "noc@example.net", func(h *plan.Handoff) *string { return &h.Contact }, "email", "phone"),
}

// handoffKey is the row of one text of a hand-off.
func handoffKey(key, doc, example string, field func(*plan.Handoff) *string, words ...string) attribute {
	return attribute{
		key: key, in: inHandoff, kind: aText, need: "none", example: example, words: words, doc: doc,
		read: func(r *reader, v *yamlNode, e *entry) { *field(e.port.Handoff), _ = r.text(v, key, unlimited) },
	}
}

// locationIDDoc is said of an id wherever a site may stand.
const locationIDDoc = "The id of the location, which never changes: `portctl sites --env production` lists them."
