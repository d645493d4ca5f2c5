// Package plancase reads the planning cases of pkg/plan/testdata: an inventory, an
// account with the ledger's memory and the API's answers, and how the plan is asked for.
//
// It owns the form of the cases. What is expected of them stands with the tests that
// read them.
package plancase

import (
	"bytes"
	stdcmp "cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/portctl/portctl/inventory"
	"github.com/portctl/portctl/pkg/megaport/sandbox"
	"github.com/portctl/portctl/pkg/plan"
)

// account is the section account.yaml of a case: what the account and the ledger
// hold and how the API answers.
type account struct {
	Services []service `yaml:"services"`
	Claims   []claim   `yaml:"claims"`
	// Known maps a name to the services that the ledger recorded for it.
	Known map[string][]string `yaml:"known"`
	// Inventories maps a UID to the inventory that the ledger knows for it.
	Inventories map[string]string `yaml:"inventories"`
	// CrossConnects lists UIDs that the ledger knows to have been ordered with a cross
	// connect.
	CrossConnects []string `yaml:"crossConnects"`
	// Cancelling lists UIDs whose cancellation the ledger recorded as begun.
	Cancelling []string `yaml:"cancelling"`
	// Untyped maps UIDs to the names of products that do not show whether they are
	// ports.
	Untyped map[string]string `yaml:"untyped"`
	// ApprovalsUnknown is why the order approvals cannot be read.
	ApprovalsUnknown string `yaml:"approvalsUnknown"`
	// Refuse maps a name to the API's reasons against its order.
	Refuse map[string][]string `yaml:"refuse"`
	// Fail maps a name to why its validation gives no usable answer.
	Fail map[string]string `yaml:"fail"`
	// Unpriced maps a name to why its validation answers without a price.
	Unpriced map[string]string `yaml:"unpriced"`
	// QuoteNotes maps a name to what its validation says besides the price.
	QuoteNotes map[string][]string `yaml:"quoteNotes"`
	// WithoutMarket lists names whose order is only taken with an empty market.
	WithoutMarket []string `yaml:"withoutMarket"`
	// LAGPrice is how a LAG is quoted: member, total, odd (a total that is rounded
	// down, and one set-up fee), dearer (above both readings) or foreign (another
	// currency).
	LAGPrice string `yaml:"lagPrice"`
	// MemberUnpriced says that the order for one member of a LAG gets no price.
	MemberUnpriced bool `yaml:"memberUnpriced"`
	// Monthly and OneTime are what each port costs; 500 up to 10G and 1500 above,
	// and nothing, when not given.
	Monthly string `yaml:"monthly"`
	OneTime string `yaml:"oneTime"`
	// CrossConnect and CrossConnectOnce are what a cross connect costs more; nothing when
	// not given.
	CrossConnect     string `yaml:"crossConnect"`
	CrossConnectOnce string `yaml:"crossConnectOnce"`
	// AddOnsListed lists names whose order is only taken with its add-ons as a list.
	AddOnsListed []string `yaml:"addOnsListed"`
}

type service struct {
	UID         string            `yaml:"uid"`
	Name        string            `yaml:"name"`
	Status      string            `yaml:"status"`
	Location    int               `yaml:"location"`
	Speed       int               `yaml:"speed"`
	Zone        string            `yaml:"zone"`
	LAG         int               `yaml:"lag"`
	Primary     bool              `yaml:"primary"`
	Term        int               `yaml:"term"`
	CostCentre  string            `yaml:"costCentre"`
	Visible     bool              `yaml:"visible"`
	Locked      bool              `yaml:"locked"`
	AdminLocked bool              `yaml:"adminLocked"`
	CreatedAt   time.Time         `yaml:"createdAt"`
	ContractEnd time.Time         `yaml:"contractEnd"`
	Tags        map[string]string `yaml:"tags"`
	VXCs        int               `yaml:"vxcs"`
	// Unreadable is why the tags cannot be read.
	Unreadable string `yaml:"unreadable"`
	// Charge is what cancelling costs, as "GBP 1500"; empty when the API does not
	// say.
	Charge string `yaml:"charge"`
	// Copies repeats the service under {n} in its uid and name.
	Copies int `yaml:"copies"`
}

// claim is an order of an earlier run that the account does not show.
type claim struct {
	Name        string   `yaml:"name"`
	State       string   `yaml:"state"`
	Location    int      `yaml:"location"`
	Speed       int      `yaml:"speed"`
	Zone        string   `yaml:"zone"`
	LAG         int      `yaml:"lag"`
	Aggregation int      `yaml:"aggregation"`
	UIDs        []string `yaml:"uids"`
	Found       []string `yaml:"found"`
	Evidence    string   `yaml:"evidence"`
	// Key makes the claim a damaged one, of which the name gives the hash only.
	Key string `yaml:"key"`
}

// flags is the section flags.yaml of a case: how the plan is asked for.
type flags struct {
	Only   []string `yaml:"only"`
	Except []string `yaml:"except"`
	// Twice adds an entry a second time, which no inventory file can do: other
	// makers of a desired set might.
	Twice string `yaml:"twice"`
	// Takeover lists names whose entries take their service over.
	Takeover []string `yaml:"takeover"`
}

// Files lists the cases in a folder.
func Files(t testing.TB, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	return files
}

// Read reads a case and makes its plan.
func Read(t testing.TB, file string) plan.Plan {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sections := Sections(archive)
	var f flags
	Decode(t, sections["flags.yaml"], &f)
	var a account
	Decode(t, sections["account.yaml"], &a)
	return planOf(t, sections, a, f)
}

// Sections are the files of an archive by name.
func Sections(archive *txtar.Archive) map[string][]byte {
	sections := map[string][]byte{}
	for _, f := range archive.Files {
		sections[f.Name] = f.Data
	}
	return sections
}

// Decode reads a section strictly: a key that means nothing is a mistake in the
// case.
func Decode(t testing.TB, section []byte, into any) {
	t.Helper()
	d := yaml.NewDecoder(bytes.NewReader(section))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
}

// planOf makes a plan as refresh.Read does: build, read what is missing,
// build again, select, price.
func planOf(t testing.TB, sections map[string][]byte, a account, f flags) plan.Plan {
	t.Helper()
	inv, err := inventory.Parse(inventory.File{Name: "inventory.yaml", Content: sections["inventory.yaml"]})
	if err != nil {
		t.Fatal(err)
	}
	desired, observed, locations := inv.Desired(), a.observed(), Catalog(t)
	if base := sections["base.yaml"]; base != nil {
		before, err := inventory.ParsePolicy(inventory.File{Name: "base.yaml", Content: base})
		if err != nil {
			t.Fatal(err)
		}
		desired.Base = &before
	}
	for i, p := range desired.Ports {
		desired.Ports[i].Takeover = p.Takeover || slices.Contains(f.Takeover, p.Name)
		if f.Twice != "" && p.Name == f.Twice {
			desired.Ports = append(slices.Clone(desired.Ports), p)
		}
	}
	selection := plan.Selection{Only: f.Only, Except: f.Except}
	for {
		need := plan.Build(desired, observed, locations).Missing(selection)
		if len(need.Tags)+len(need.Charges) == 0 {
			break
		}
		a.readMore(t, need, observed)
	}
	p, err := plan.Build(desired, observed, locations).Select(selection)
	if err != nil {
		t.Fatal(err)
	}
	return p.Priced(a.quotes(t, p.Orders()))
}

func (a account) observed() plan.Observed {
	o := plan.Observed{
		Tags: map[plan.ServiceUID]map[string]string{}, Charges: map[plan.ServiceUID]plan.Charge{}, Unreadable: map[plan.ServiceUID]string{},
		Known: map[string][]plan.ServiceUID{}, Inventories: map[plan.ServiceUID]string{}, Cancelling: map[plan.ServiceUID]bool{},
		ApprovalsUnknown: a.ApprovalsUnknown,
	}
	for _, s := range a.all() {
		o.Services = append(o.Services, plan.Service{
			UID: plan.ServiceUID(s.UID), Name: s.Name, Status: plan.Status(s.Status), Location: plan.LocationID(s.Location),
			Speed: plan.Speed(s.Speed), Zone: plan.Zone(s.Zone), AggregationID: s.LAG, LAGPrimary: s.Primary, Term: s.Term,
			CostCentre: s.CostCentre, MarketplaceVisibility: s.Visible, Locked: s.Locked, AdminLocked: s.AdminLocked,
			CreatedAt: s.CreatedAt, ContractEnd: s.ContractEnd, VXCs: s.VXCs,
		})
	}
	for _, uid := range slices.Sorted(maps.Keys(a.Untyped)) {
		o.Untyped = append(o.Untyped, plan.Untyped{UID: plan.ServiceUID(uid), Name: a.Untyped[uid]})
	}
	for i, c := range a.Claims {
		o.Claims = append(o.Claims, c.observed(fmt.Sprintf("claim-%d", i)))
	}
	for name, known := range a.Known {
		o.Known[plan.FoldName(name)] = uids(known)
	}
	for uid, inventory := range a.Inventories {
		o.Inventories[plan.ServiceUID(uid)] = inventory
	}
	o.CrossConnects = map[plan.ServiceUID]bool{}
	for _, uid := range a.CrossConnects {
		o.CrossConnects[plan.ServiceUID(uid)] = true
	}
	for _, uid := range a.Cancelling {
		o.Cancelling[plan.ServiceUID(uid)] = true
	}
	return o
}

func (c claim) observed(id string) plan.Claim {
	if c.Key != "" {
		return plan.Claim{ID: id, State: plan.OrderDamaged, Key: c.Key, Hash: plan.NameHash(c.Name), Evidence: c.Evidence}
	}
	return plan.Claim{
		ID: id, Name: c.Name, State: plan.OrderState(c.State), UIDs: uids(c.UIDs), Found: uids(c.Found), Evidence: c.Evidence,
		Order: plan.Order{
			Name: c.Name, Location: plan.LocationID(c.Location), Speed: plan.Speed(c.Speed), Term: 12, LAGPorts: c.LAG, AggregationID: c.Aggregation,
			Config: plan.OrderConfig{Zone: plan.Zone(c.Zone)},
		},
	}
}

func uids(all []string) []plan.ServiceUID {
	var out []plan.ServiceUID
	for _, uid := range all {
		out = append(out, plan.ServiceUID(uid))
	}
	return out
}

// all lists the services, each as often as it is to be repeated.
func (a account) all() []service {
	var out []service
	for _, s := range a.Services {
		for n := range max(1, s.Copies) {
			c := s
			c.UID = strings.ReplaceAll(s.UID, "{n}", fmt.Sprintf("%02d", n+1))
			c.Name = strings.ReplaceAll(s.Name, "{n}", strconv.Itoa(n+1))
			out = append(out, c)
		}
	}
	return out
}

// readMore answers what a plan must know beyond the listing.
func (a account) readMore(t testing.TB, need plan.Need, o plan.Observed) {
	t.Helper()
	for _, s := range a.all() {
		uid := plan.ServiceUID(s.UID)
		if slices.Contains(need.Tags, uid) && s.Unreadable != "" {
			o.Unreadable[uid] = s.Unreadable
		} else if slices.Contains(need.Tags, uid) {
			o.Tags[uid] = s.Tags
		}
		if !slices.Contains(need.Charges, uid) {
			continue
		}
		currency, sum, known := strings.Cut(s.Charge, " ")
		o.Charges[uid] = plan.Charge{Known: known, Currency: currency, Amount: amount(t, sum)}
	}
}

func amount(t testing.TB, s string) plan.Amount {
	t.Helper()
	if s == "" {
		return plan.Amount{}
	}
	a, err := plan.ParseAmount(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// quotes prices like the sandbox without its discounts.
func (a account) quotes(t testing.TB, orders []plan.Order) plan.Quotes {
	t.Helper()
	quotes := plan.Quotes{}
	for _, o := range orders {
		quotes[o.Key()] = a.quote(t, o)
	}
	return quotes
}

func (a account) quote(t testing.TB, o plan.Order) plan.Quote {
	t.Helper()
	if reasons, ok := a.Refuse[o.Name]; ok {
		return plan.Quote{Refusal: &plan.Refusal{Message: "Validation failed", Reasons: reasons, TraceID: "0af7651916cd43dd8448eb211c80319c"}}
	}
	if why, ok := a.Fail[o.Name]; ok {
		return plan.Quote{Failure: &plan.Refusal{Message: why}}
	}
	if why, ok := a.Unpriced[o.Name]; ok {
		return plan.Quote{Unknown: why}
	}
	lag := o.LAGPorts > 1
	if a.MemberUnpriced && !lag {
		return plan.Quote{Unknown: "it names no price"}
	}
	monthly, once := amount(t, "500"), amount(t, a.OneTime)
	if o.Speed > plan.Speed10G {
		monthly = amount(t, "1500")
	}
	if a.Monthly != "" {
		monthly = amount(t, a.Monthly)
	}
	if o.CrossConnect() {
		monthly, once = monthly.Add(amount(t, a.CrossConnect)), once.Add(amount(t, a.CrossConnectOnce))
	}
	currency := stdcmp.Or(map[string]string{"UK": "GBP", "US": "USD", "AU": "AUD"}[o.Market], "EUR")
	if lag {
		monthly, once, currency = a.lagPrice(t, o.LAGPorts, monthly, once, currency)
	}
	q := plan.Quote{
		Priced: true, Currency: currency, Monthly: monthly, OneTime: once,
		Notes: a.QuoteNotes[o.Name], WithoutMarket: slices.Contains(a.WithoutMarket, o.Name),
	}
	if o.CrossConnect() && slices.Contains(a.AddOnsListed, o.Name) {
		q.AddOns = plan.CrossConnectArray
	}
	return q
}

// lagPrice is what a LAG of n is quoted at.
func (a account) lagPrice(t testing.TB, n int, monthly, once plan.Amount, currency string) (plan.Amount, plan.Amount, string) {
	t.Helper()
	switch a.LAGPrice {
	case "total":
		return monthly.Times(n), once.Times(n), currency
	case "odd":
		return monthly.Times(n).Add(amount(t, "-0.01")), once, currency
	case "dearer":
		return monthly.Add(amount(t, "1")), once, currency
	case "foreign":
		return monthly, once, "XXX"
	}
	return monthly, once, currency
}

// Catalog is the sandbox's catalog of locations.
func Catalog(t testing.TB) plan.Catalog {
	t.Helper()
	real, err := sandbox.Catalog()
	if err != nil {
		t.Fatal(err)
	}
	var locations []plan.Location
	for _, l := range real {
		out := plan.Location{
			ID: plan.LocationID(l.ID), Name: l.Name, Metro: l.Metro, Market: l.Market, Status: l.Status,
			Zones: map[plan.Zone][]plan.Speed{}, CrossConnect: l.CrossConnect,
		}
		for zone, speeds := range l.PortSpeeds {
			for _, mbps := range speeds {
				out.Zones[plan.Zone(zone)] = append(out.Zones[plan.Zone(zone)], plan.Speed(mbps))
				out.Speeds = append(out.Speeds, plan.Speed(mbps))
			}
		}
		locations = append(locations, out)
	}
	return plan.NewCatalog(locations)
}
