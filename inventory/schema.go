package inventory

import (
	stdjson "encoding/json" // for its Number, which the schema library asks for
	"regexp"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/invopop/jsonschema"

	"github.com/portctl/portctl/pkg/plan"
)

// Schema is the JSON Schema (draft 2020-12) of one document of an inventory, as
// indented JSON with a final newline. Editors complete and check by it.
//
// It accepts every document that Parse accepts. What it cannot say is what
// takes more than one entry or file, or the catalog of locations, to judge, and
// what YAML has turned into a value already; Parse has the last word.
func Schema() ([]byte, error) { return attributes.schema() }

// schema is the schema of a language.
func (l language) schema() ([]byte, error) {
	definitions := jsonschema.Definitions{}
	s := l.object(atTop, definitions)
	s.Required = l.required(atTop)
	definitions["policy"] = l.object(inPolicy, definitions)
	definitions["handoff"] = l.object(inHandoff, definitions)
	definitions["alias"] = l.object(inAlias, definitions)
	definitions["alias"].Required = l.required(inAlias)
	definitions["limits"] = l.object(inPart, definitions)
	definitions["defaults"] = l.object(inDefaults, definitions)
	port := l.object(inPorts, definitions)
	port.AllOf = l.portRules()
	rollout := l.object(inRollouts, definitions)
	rollout.Required, rollout.AllOf = l.required(inRollouts), rolloutRules
	definitions["port"], definitions["rollout"] = port, rollout
	s.Version, s.Definitions = jsonschema.Version, definitions
	s.Title, s.Description = "portctl inventory", "The Megaport Ports that a team wants to have."
	b, err := json.Marshal(s, json.Deterministic(true), jsontext.WithIndent("  "))
	return append(b, '\n'), err
}

// object is the schema of a mapping with the keys of the language. The kinds of
// their values go into the definitions.
func (l language) object(in mapping, definitions jsonschema.Definitions) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for _, a := range l.of(in) {
		property := *a.kind.schema
		if a.kind.name != "" {
			definitions[a.kind.name] = a.kind.schema
			property = *ref(a.kind.name)
		}
		property.Description = a.doc
		s.Properties.Set(a.key, &property)
	}
	return s
}

// required are the keys that must be there.
func (l language) required(in mapping) []string {
	var keys []string
	for _, a := range l.of(in) {
		if a.required != "" {
			keys = append(keys, a.key)
		}
	}
	return keys
}

// kind is a kind of value: the name of its definition in the schema, its words in
// the reference, and its schema. Without a name it is repeated where it is used.
type kind struct {
	name, words string
	schema      *jsonschema.Schema
}

// The kinds of values. The decoder counts bytes where a schema can only count
// characters.
var (
	aVersion     = kind{"version", "number", &jsonschema.Schema{Const: languageVersion}}
	aName        = kind{"name", "text, up to 64 bytes", &jsonschema.Schema{Type: "string", Pattern: patternText, MaxLength: size(maxName)}}
	aPortName    = kind{"portName", "text, up to 64 bytes", &jsonschema.Schema{Type: "string", Pattern: patternText, MaxLength: size(maxName), Not: &jsonschema.Schema{Pattern: patternHold}}}
	aTemplate    = kind{"template", "text with {site}, {zone}, {n}", &jsonschema.Schema{Type: "string", Pattern: patternText, AllOf: []*jsonschema.Schema{{Pattern: patternTemplate}}}}
	aText        = kind{"text", "text", text(patternText)}
	aCostCentre  = kind{"costCentre", "text, up to 255 bytes", &jsonschema.Schema{Type: "string", Pattern: patternOrEmpty, MaxLength: size(maxCostCentre)}}
	aBoolean     = kind{"", "true or false", &jsonschema.Schema{Type: "boolean"}}
	anEnv        = kind{"environment", "production, staging, development or sandbox", enum(environments...)}
	aState       = kind{"state", "s3://bucket/prefix, or a path", &jsonschema.Schema{Type: "string", Pattern: patternText, AnyOf: []*jsonschema.Schema{{Pattern: patternBucket}, {Not: &jsonschema.Schema{Pattern: patternScheme + "|^~"}}}}}
	aPolicy      = kind{"", "mapping", ref("policy")}
	someDefaults = kind{"", "mapping", ref("defaults")}
	someNames    = kind{"names", "list of names or UIDs", &jsonschema.Schema{Type: "array", Items: text(patternText), UniqueItems: true}}
	someSites    = kind{"sites", "mapping of names to sites", &jsonschema.Schema{Type: "object", PropertyNames: text(patternText), AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text(patternText), ref("alias")}}}}
	somePorts    = kind{"", "list", &jsonschema.Schema{Type: "array", Items: ref("port")}}
	someRollouts = kind{"", "list", &jsonschema.Schema{Type: "array", Items: ref("rollout")}}
	someAmounts  = kind{"amounts", "mapping of currencies to amounts", amountsSchema()}
	aLimit       = kind{"limit", "number, 1 or more", integer(1, 1<<31-1)}
	aTerm        = kind{"term", "1, 12, 24, 36, 48 or 60", numbers(plan.Terms())}
	someSpeeds   = kind{"speeds", "list of speeds", listOf(ref("speed"))}
	policySites  = kind{"", "list of text or {id: ...}", listOf(ref("site"))}
	tagNames     = kind{"tagNames", "list of names", listOf(text(patternText))}
	someParts    = kind{"parts", "mapping of names to limits", &jsonschema.Schema{Type: "object", MinProperties: size(1), PropertyNames: text(patternText), AdditionalProperties: ref("limits")}}
	someTerms    = kind{"terms", "list of terms", listOf(aTerm.schema)}
	aHandoff     = kind{"", "mapping", ref("handoff")}
	aLocationID  = kind{"", "number", integer(1, 1<<31-1)}
	aSite        = kind{"site", "text or {id: ...}", siteSchema()}
	rolloutSites = kind{"", "list of text or {id: ...}", listOf(ref("site"))}
	aZone        = kind{"zone", "red or blue", enum(plan.Red, plan.Blue)}
	rolloutZones = kind{"", "list of red, blue", listOf(ref("zone"))}
	aCount       = kind{"count", "number, 1 or more", integer(1, maxExpanded)}
	aSpeed       = kind{"speed", "1G, 10G, 100G or 400G", &jsonschema.Schema{AnyOf: []*jsonschema.Schema{enum(speedWords...), numbers(plan.Speeds()), text(patternSpeed)}}} // Words first, for editors to offer.
	someMembers  = kind{"members", "number, 1 to 8", integer(1, plan.MaxLagMembers)}
	someTags     = kind{"tags", "mapping of texts", tagsSchema()}
	aUID         = kind{"service", "UID", text(patternUID)}
	absent       = kind{"absent", "absent", enum("absent")}
	intended     = kind{"intended", "intended", enum("intended")}
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

func ref(name string) *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/" + name} }

func text(pattern string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern}
}

func integer(least, most int) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "integer", Minimum: number(least), Maximum: number(most)}
}

func number(n int) stdjson.Number { return stdjson.Number(strconv.Itoa(n)) }

func numbers[T ~int](all []T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "integer"}
	for _, n := range all {
		s.Enum = append(s.Enum, int(n))
	}
	return s
}

func enum[T ~string](all ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, w := range all {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

func listOf(item *jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "array", Items: item, MinItems: size(1), UniqueItems: true}
}

func size(n uint64) *uint64 { return &n }

func amountsSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", MinProperties: size(1), PropertyNames: &jsonschema.Schema{Pattern: patternCurrency},
		AdditionalProperties: &jsonschema.Schema{Type: "number", Minimum: "0", ExclusiveMaximum: "1000000000000000"},
	}
}

func tagsSchema() *jsonschema.Schema {
	names := text(patternText)
	names.Not = &jsonschema.Schema{Pattern: patternReserved}
	return &jsonschema.Schema{Type: "object", PropertyNames: names, AdditionalProperties: text(patternOrEmpty)}
}

// siteSchema is text, or {id: 89}.
func siteSchema() *jsonschema.Schema {
	id := *aLocationID.schema
	id.Description = locationIDDoc
	byID := with("id", &id)
	byID.Type, byID.AdditionalProperties = "object", jsonschema.FalseSchema
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text(patternText), byID}}
}

// portRules are what takes more than one key of a port to say.
func (l language) portRules() []*jsonschema.Schema {
	cancelled := with("state", absent.schema)
	return []*jsonschema.Schema{
		lagRule,
		{
			If:   cancelled,
			Then: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Required: []string{"name"}}, {Required: []string{"uid"}}}},
			Else: &jsonschema.Schema{Required: l.required(inPorts)},
		},
		{If: cancelled, Then: without("formerly", "replaces")},
		{If: &jsonschema.Schema{Required: []string{"uid"}}, Then: without("replaces")},
	}
}

// rolloutRules are what takes more than one key of a rollout to say: a
// placeholder for all that is multiplied.
var rolloutRules = []*jsonschema.Schema{
	lagRule,
	{If: with("sites", &jsonschema.Schema{Type: "array", MinItems: size(2)}), Then: named(holdSite)},
	{If: with("zones", &jsonschema.Schema{Type: "array", MinItems: size(2)}), Then: named(holdZone)},
	{If: with("count", &jsonschema.Schema{Type: "integer", Minimum: "2"}), Then: named(holdN)},
	{If: named(holdZone), Then: &jsonschema.Schema{Required: []string{"zones"}}},
}

// lagRule: the members of a LAG have 10G or faster.
var lagRule = &jsonschema.Schema{If: &jsonschema.Schema{Required: []string{"lag"}}, Then: &jsonschema.Schema{
	Properties: with("speed", &jsonschema.Schema{Minimum: number(int(plan.Speed10G)), Pattern: patternFast}).Properties,
}}

// named says that a name holds a placeholder.
func named(hold string) *jsonschema.Schema {
	return with("name", &jsonschema.Schema{Pattern: regexp.QuoteMeta(hold)})
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
