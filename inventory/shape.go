package inventory

import (
	stdjson "encoding/json" // for its Number, which the schema library asks for
	"regexp"
	"strconv"

	"github.com/invopop/jsonschema"

	"github.com/portctl/portctl/pkg/plan"
)

// The types of this file are the shape of the language: what an editor needs to
// complete and check, and what the tables of the reference say. They are never
// filled; the JSON Schema and docs/inventory.md are generated from them, and
// tests hold them to what the decoder reads. Beside the tags of the schema they
// have those of the reference: type, unit, need (required, or the default) and
// example.

// shapeInventory is the top of a file.
type shapeInventory struct {
	Version     shapeVersion     `json:"version" type:"number" need:"in every file" example:"1" jsonschema_description:"The version of the inventory language: 1."`
	Name        shapeName        `json:"name,omitempty" type:"text, up to 64 bytes" need:"once" example:"emea-core" jsonschema_description:"The inventory's name. It goes into the tags of every order. All files together have one."`
	Environment shapeEnvironment `json:"environment,omitempty" type:"production, staging, development or sandbox" need:"no, or once" example:"staging" jsonschema_description:"A guard: the inventory is refused against any other environment, except for rehearsals in the sandbox."`
	State       shapeState       `json:"state,omitempty" type:"s3://bucket/prefix, or a path" need:".portctl/ beside the first file, or once" example:"s3://netops/portctl" jsonschema_description:"Where claims and lock are kept. A path is taken from the directory of this file."`
	Policy      *shapePolicy     `json:"policy,omitempty" type:"mapping" need:"no, or once" example:"{maxBuy: 25}" jsonschema_description:"Limits on what one run may buy, checked on its sums before the first order."`
	Unmanaged   shapeNames       `json:"unmanaged,omitempty" type:"list of names" need:"no, or once" example:"[lab-7]" jsonschema_description:"Services of the account that are known and left alone."`
	Defaults    *shapeDefaults   `json:"defaults,omitempty" type:"mapping" need:"no" example:"{term: 12}" jsonschema_description:"What holds for the entries of this file unless they say otherwise."`
	Sites       shapeSites       `json:"sites,omitempty" type:"mapping of names to sites" need:"no" example:"{lhr20: {id: 89}}" jsonschema_description:"Short names for locations, for this file."`
	Ports       []shapePort      `json:"ports,omitempty" type:"list" need:"no; without ports and rollouts there is a warning" example:"- name: lon-core-1" jsonschema_description:"The entries: each is one port, or one LAG."`
	Rollouts    []shapeRollout   `json:"rollouts,omitempty" type:"list" need:"no" example:"- name: \"{site}-{zone}\"" jsonschema_description:"Many ports from one entry: one for each site, zone and number."`
}

// shapePolicy is the value of policy.
type shapePolicy struct {
	MaxMonthly    shapeAmounts `json:"maxMonthly,omitempty" type:"mapping of currencies to amounts" unit:"money per month" need:"no limit" example:"{GBP: 20000}" jsonschema_description:"The most that one run may add to the monthly bill, by currency. Once a limit of either kind is set, a currency without one is refused."`
	MaxCommitment shapeAmounts `json:"maxCommitment,omitempty" type:"mapping of currencies to amounts" unit:"money" need:"no limit" example:"{GBP: 300000}" jsonschema_description:"The most that one run may commit to, by currency: monthly price times term, and what is paid once."`
	MaxBuy        shapeLimit   `json:"maxBuy,omitempty" type:"number, 1 or more" unit:"orders" need:"100" example:"25" jsonschema_description:"The most orders that one run may send."`
	Terms         shapeTerms   `json:"terms,omitempty" type:"list of terms" unit:"months" need:"every term" example:"[12, 24]" jsonschema_description:"The contract terms that entries may have."`
}

// shapeDefaults is the value of defaults; its rows are in ports and rollouts too.
type shapeDefaults struct {
	Term                  shapeTerm       `json:"term,omitempty" type:"1, 12, 24, 36, 48 or 60" unit:"months" need:"yes, here or in defaults" example:"12" jsonschema_description:"The contract term in months."`
	CostCentre            shapeCostCentre `json:"costCentre,omitempty" type:"text, up to 255 bytes" need:"not compared" example:"NET-042" jsonschema_description:"Free text for the invoice. The empty text asks for none."`
	MarketplaceVisibility *bool           `json:"marketplaceVisibility,omitempty" type:"true or false" need:"not compared" example:"false" jsonschema_description:"Whether other companies see the port in the Megaport Marketplace."`
	Tags                  shapeTags       `json:"tags,omitempty" type:"mapping of texts" need:"not compared" example:"{team: network}" jsonschema_description:"Resource tags. Those of an entry are laid over those of defaults, name by name."`
}

// shapeBought is what ports and rollouts have in common.
type shapeBought struct {
	Speed     shapeSpeed   `json:"speed,omitempty" type:"1G, 10G, 100G or 400G" unit:"bare numbers are Mbps" need:"yes" example:"10G" jsonschema_description:"The port speed; in a LAG that of each member."`
	LAG       shapeMembers `json:"lag,omitempty" type:"number, 1 to 8" unit:"members" need:"a single port" example:"4" jsonschema_description:"Makes a LAG of that many ports, of 10G or faster. Growing it later is an order, shrinking is refused."`
	Locked    *bool        `json:"locked,omitempty" type:"true or false" need:"not compared" example:"true" jsonschema_description:"Protects the service against changes by others. Portctl unlocks it, changes it and locks it again."`
	PromoCode shapeText    `json:"promoCode,omitempty" type:"text" need:"none" example:"SPRING" jsonschema_description:"Sent with the order as it is. Megaport accepts unknown codes without a word."`
	shapeDefaults
}

// shapePort is an entry of ports.
type shapePort struct {
	Name          shapePortName `json:"name,omitempty" type:"text, up to 64 bytes" need:"yes, unless absent with a uid" example:"lon-core-1" jsonschema_description:"The product name, unique in the inventory: the identity of the entry."`
	Site          shapeSite     `json:"site,omitempty" type:"text or {id: ...}" need:"yes" example:"lhr20" jsonschema_description:"A short name from sites, the name of a location, or its id."`
	DiversityZone shapeZone     `json:"diversityZone,omitempty" type:"red or blue" need:"Megaport chooses" example:"red" jsonschema_description:"The diversity zone."`
	shapeBought
	Formerly shapeText    `json:"formerly,omitempty" type:"text" need:"no" example:"lon-1" jsonschema_description:"The name that the service still has: it is found by it, and renamed."`
	UID      shapeService `json:"uid,omitempty" type:"UID" need:"no" example:"36b3f68e-2f54-4331-bf94-f8984449365f" jsonschema_description:"Binds the entry to exactly this service. Such an entry is never bought."`
	Replaces shapeService `json:"replaces,omitempty" type:"UID" need:"no" example:"36b3f68e-2f54-4331-bf94-f8984449365f" jsonschema_description:"The cancelled service of this name, which the entry is bought instead of."`
	State    shapeAbsent  `json:"state,omitempty" type:"absent" need:"the port is wanted" example:"absent" jsonschema_description:"The value absent asks for the service to be cancelled: the only way anything is."`
	Takeover *bool        `json:"takeover,omitempty" type:"true or false" need:"false" example:"true" jsonschema_description:"Lets this inventory change, rename, grow or cancel a service that another inventory ordered."`
}

// shapeRollout is an entry of rollouts.
type shapeRollout struct {
	Name  shapeTemplate `json:"name" type:"text with {site}, {zone}, {n}" need:"yes" example:"\"{site}-edge-{zone}\"" jsonschema_description:"The name of each port: {site} as written under sites, {zone}, and {n} from 1 to count within one site and zone."`
	Sites []shapeSite   `json:"sites" type:"list of text or {id: ...}" need:"yes" example:"[lhr20, {id: 131}]" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"Where the ports stand, each written as the site of a port."`
	Zones []shapeZone   `json:"zones,omitempty" type:"list of red, blue" need:"Megaport chooses" example:"[red, blue]" jsonschema:"minItems=1,uniqueItems=true" jsonschema_description:"The diversity zones that get ports at each site."`
	Count shapeCount    `json:"count,omitempty" type:"number, 1 or more" unit:"ports" need:"1" example:"2" jsonschema_description:"How many ports each site and zone gets. Rollouts stand for 100,000 ports at most."`
	shapeBought
}

// The values, each of which knows its own schema.
type (
	shapeVersion     struct{}
	shapeText        struct{}
	shapeName        struct{}
	shapePortName    struct{}
	shapeTemplate    struct{}
	shapeNames       struct{}
	shapeEnvironment struct{}
	shapeState       struct{}
	shapeAmounts     struct{}
	shapeLimit       struct{}
	shapeTerm        struct{}
	shapeTerms       struct{}
	shapeCostCentre  struct{}
	shapeTags        struct{}
	shapeSite        struct{}
	shapeSites       struct{}
	shapeSpeed       struct{}
	shapeZone        struct{}
	shapeMembers     struct{}
	shapeService     struct{}
	shapeAbsent      struct{}
	shapeCount       struct{}
)

// The patterns are written so that they mean the same to Go and to ECMAScript.
const (
	patternText     = `^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$`
	patternOrEmpty  = `^([^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?)?$`
	patternUID      = `^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`
	patternReserved = `^([pP][oO][rR][tT][cC][tT][lL]-|[mM][aA][nN][aA][gG][eE][dD]-[bB][yY]$)`
	patternHold     = `\{(site|zone|n)\}`
	patternTemplate = `^([^{}]|\{(site|zone|n)\})+$`
	patternGbps     = `\s*[gG]([bB]([pP][sS]|/[sS]|[iI][tT](/[sS])?)?)?$`
	patternSpeed    = `^0*(1|10|100|400)` + patternGbps + `|^0*(1000|10000|100000|400000)$`
	patternFast     = `^0*(10|100|400)` + patternGbps + `|^0*(10000|100000|400000)$`
	patternScheme   = `^[A-Za-z][A-Za-z0-9+.-]+:`
	patternBucket   = `^s3://[A-Za-z0-9][A-Za-z0-9._-]*([/?].*)?$`
	patternCurrency = `^[A-Z]{3}$`
)

func text(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

func integer(least, most int) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "integer", Minimum: number(least), Maximum: number(most)}
}

func number(n int) stdjson.Number { return stdjson.Number(strconv.Itoa(n)) }

func words[T ~string](all ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range all {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

func size(n uint64) *uint64 { return &n }

// JSONSchema is the schema of the language's version.
func (shapeVersion) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Const: languageVersion}
}

// JSONSchema is the schema of a text that says something.
func (shapeText) JSONSchema() *jsonschema.Schema { return text(patternText) }

// JSONSchema is the schema of a name. It counts characters, where the decoder
// counts bytes: a schema can not.
func (shapeName) JSONSchema() *jsonschema.Schema {
	s := text(patternText)
	s.MaxLength = size(maxName)
	return s
}

// JSONSchema is the schema of a port's name, which is no template.
func (shapePortName) JSONSchema() *jsonschema.Schema {
	s := shapeName{}.JSONSchema()
	s.Not = &jsonschema.Schema{Pattern: patternHold}
	return s
}

// JSONSchema is the schema of a rollout's name.
func (shapeTemplate) JSONSchema() *jsonschema.Schema {
	s := text(patternText)
	s.AllOf = []*jsonschema.Schema{{Pattern: patternTemplate}}
	return s
}

// JSONSchema is the schema of a list of names.
func (shapeNames) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: text(patternText), UniqueItems: true}
}

// JSONSchema is the schema of an environment.
func (shapeEnvironment) JSONSchema() *jsonschema.Schema { return words(environments()...) }

// JSONSchema is the schema of the place of claims and lock.
func (shapeState) JSONSchema() *jsonschema.Schema {
	s := text(patternText)
	s.AnyOf = []*jsonschema.Schema{{Pattern: patternBucket}, {Not: &jsonschema.Schema{Pattern: patternScheme + "|^~"}}}
	return s
}

// JSONSchema is the schema of a limit per currency.
func (shapeAmounts) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", MinProperties: size(1), PropertyNames: &jsonschema.Schema{Pattern: patternCurrency},
		AdditionalProperties: &jsonschema.Schema{Type: "number", Minimum: "0", ExclusiveMaximum: "1000000000000000"},
	}
}

// JSONSchema is the schema of a number of orders.
func (shapeLimit) JSONSchema() *jsonschema.Schema { return integer(1, 1<<31-1) }

// JSONSchema is the schema of a contract term in months.
func (shapeTerm) JSONSchema() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "integer"}
	for _, t := range plan.Terms() {
		s.Enum = append(s.Enum, t)
	}
	return s
}

// JSONSchema is the schema of the terms allowed.
func (shapeTerms) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: shapeTerm{}.JSONSchema(), MinItems: size(1), UniqueItems: true}
}

// JSONSchema is the schema of a cost centre.
func (shapeCostCentre) JSONSchema() *jsonschema.Schema {
	s := text(patternOrEmpty)
	s.MaxLength = size(maxCostCentre)
	return s
}

// JSONSchema is the schema of resource tags.
func (shapeTags) JSONSchema() *jsonschema.Schema {
	names := text(patternText)
	names.Not = &jsonschema.Schema{Pattern: patternReserved}
	return &jsonschema.Schema{Type: "object", PropertyNames: names, AdditionalProperties: text(patternOrEmpty)}
}

// JSONSchema is the schema of a site: text, or {id: 89}.
func (shapeSite) JSONSchema() *jsonschema.Schema {
	byID := &jsonschema.Schema{
		Type: "object", Properties: jsonschema.NewProperties(),
		Required: []string{"id"}, AdditionalProperties: jsonschema.FalseSchema,
	}
	id := integer(1, 1<<31-1)
	id.Description = "The id of the location, which never changes: `portctl sites` lists them."
	byID.Properties.Set("id", id)
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text(patternText), byID}}
}

// JSONSchema is the schema of short names for sites.
func (shapeSites) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", PropertyNames: text(patternText), AdditionalProperties: shapeSite{}.JSONSchema()}
}

// JSONSchema is the schema of a speed. The words come first, for editors to
// offer.
func (shapeSpeed) JSONSchema() *jsonschema.Schema {
	var offered []string
	bare := &jsonschema.Schema{Type: "integer"}
	for _, s := range plan.Speeds() {
		offered = append(offered, s.String())
		bare.Enum = append(bare.Enum, int(s))
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{words(offered...), bare, text(patternSpeed)}}
}

// JSONSchema is the schema of a diversity zone.
func (shapeZone) JSONSchema() *jsonschema.Schema { return words(plan.Red, plan.Blue) }

// JSONSchema is the schema of the size of a LAG.
func (shapeMembers) JSONSchema() *jsonschema.Schema { return integer(1, plan.MaxLagMembers) }

// JSONSchema is the schema of a service's UID.
func (shapeService) JSONSchema() *jsonschema.Schema { return text(patternUID) }

// JSONSchema is the schema of the state of an entry.
func (shapeAbsent) JSONSchema() *jsonschema.Schema { return words("absent") }

// JSONSchema is the schema of a rollout's count.
func (shapeCount) JSONSchema() *jsonschema.Schema { return integer(1, maxExpanded) }

// JSONSchemaExtend adds what takes more than one key of a port to say.
func (shapePort) JSONSchemaExtend(s *jsonschema.Schema) {
	absent := with("state", words("absent"))
	s.AllOf = append(s.AllOf, lagRule(),
		&jsonschema.Schema{
			If:   absent,
			Then: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Required: []string{"name"}}, {Required: []string{"uid"}}}},
			Else: &jsonschema.Schema{Required: []string{"name", "site", "speed"}},
		},
		&jsonschema.Schema{If: absent, Then: without("formerly", "replaces")},
		&jsonschema.Schema{If: &jsonschema.Schema{Required: []string{"uid"}}, Then: without("replaces")},
	)
}

// JSONSchemaExtend adds what takes more than one key of a rollout to say: a
// placeholder for all that is multiplied.
func (shapeRollout) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Required = append(s.Required, "speed")
	many := &jsonschema.Schema{Type: "array", MinItems: size(2)}
	named := func(hold string) *jsonschema.Schema {
		return with("name", &jsonschema.Schema{Pattern: regexp.QuoteMeta("{" + hold + "}")})
	}
	s.AllOf = append(s.AllOf, lagRule(),
		&jsonschema.Schema{If: with("sites", many), Then: named(holdSite)},
		&jsonschema.Schema{If: with("zones", many), Then: named(holdZone)},
		&jsonschema.Schema{If: with("count", &jsonschema.Schema{Type: "integer", Minimum: "2"}), Then: named(holdN)},
		&jsonschema.Schema{If: named(holdZone), Then: &jsonschema.Schema{Required: []string{"zones"}}},
	)
}

// lagRule: the members of a LAG have 10G or faster.
func lagRule() *jsonschema.Schema {
	fast := &jsonschema.Schema{Minimum: number(int(plan.Speed10G)), Pattern: patternFast}
	then := with("speed", fast)
	then.Required = nil
	return &jsonschema.Schema{If: &jsonschema.Schema{Required: []string{"lag"}}, Then: then}
}

// with says that a key is there and how its value is.
func with(key string, value *jsonschema.Schema) *jsonschema.Schema {
	s := &jsonschema.Schema{Properties: jsonschema.NewProperties(), Required: []string{key}}
	s.Properties.Set(key, value)
	return s
}

// without says that keys are not there.
func without(keys ...string) *jsonschema.Schema {
	s := &jsonschema.Schema{}
	for _, k := range keys {
		s.AllOf = append(s.AllOf, &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{k}}})
	}
	return s
}
