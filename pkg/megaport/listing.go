package megaport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Listing is everything the account's product list says that portctl wants to
// know.
type Listing struct {
	// Ports are the ports, terminated ones included, in the API's order.
	Ports []Port
	// Companies are the UIDs of the companies that own ports, the one with most ports
	// first, then by UID. What other products say does not count: a router or a
	// partner's port of another company in the list is normal.
	Companies []string
	// CompanyNames are the distinct names of the companies that own ports, in the
	// order of Companies; those of ports without a UID of their owner come last.
	CompanyNames []string
	// Others is how many products are not ports.
	Others int
	// Untyped are the living products that show neither their type nor all that
	// makes a port, so that nobody can tell whether they are ports.
	Untyped []Untyped
}

// Untyped is what a product without a type shows of itself: perhaps nothing.
type Untyped struct{ UID, Name string }

// List reads all ports of the account, terminated ones included. It is strict
// where a decision hangs on it: a living port without what makes it one fails the
// call with an error that names it, because a port that is overlooked would be
// bought again. A living product without a type is a port when it has all that makes
// one; else see [Listing.Untyped]. What nothing hangs on stops nothing. Products of
// other types are passed over unread.
func (s *ProductService) List(ctx context.Context) ([]Port, error) {
	l, err := s.ListInfo(ctx)
	return l.Ports, err
}

// ListInfo is List with what else the listing tells. It may take two minutes for
// a large account (API facts §4.1, confidence B). The answer is decoded as it
// arrives; memory grows with the ports in it, not with the VXCs around them.
func (s *ProductService) ListInfo(ctx context.Context) (Listing, error) {
	q := call{class: classRead, method: http.MethodGet, path: "/v2/products", timeout: timeoutListing, limit: limitListing, kept: true}
	return ask(ctx, s.client, q, func(body io.Reader, a *attempt) (Listing, error) {
		p, err := readPages(a.header)
		if err != nil {
			return Listing{}, err
		}
		l, err := decodeProducts(body)
		if err == nil && p.total > 1 {
			err = fmt.Errorf("it is page 1 of %d, and the rest cannot be read", p.total)
		}
		return l, err
	})
}

func decodeProducts(body io.Reader) (Listing, error) {
	l := Listing{}
	var full [][]Port // a list that grows to many thousands would be copied over and over
	ports := []Port{}
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			w, err := readProduct(dec)
			if err != nil {
				return w.named(i, err)
			}
			untyped := w.checkType() != nil && !w.Virtual.value
			if !untyped && !w.isPort() {
				l.Others++
				return nil
			}
			p, err := w.port()
			switch {
			case err == nil:
				if ports = append(ports, p); len(ports) == portsAtATime {
					full, ports = append(full, ports), make([]Port, 0, portsAtATime)
				}
			case untyped:
				l.Untyped = append(l.Untyped, Untyped{UID: w.ProductUID.text(), Name: w.ProductName.text()})
			default:
				return w.named(i, err)
			}
			return nil
		})
	})
	if err != nil {
		return Listing{}, err
	}
	if l.Ports = ports; len(full) > 0 {
		l.Ports = slices.Concat(append(full, ports)...)
	}
	l.Companies = companies(l.Ports)
	l.CompanyNames = companyNames(l.Ports, l.Companies)
	return l, nil
}

// portsAtATime is how many ports are gathered before a new list is begun.
const portsAtATime = 1024

// companies lists who owns ports, most ports first.
func companies(ports []Port) []string {
	owned := map[string]int{}
	for _, p := range ports {
		if p.CompanyUID != "" {
			owned[p.CompanyUID]++
		}
	}
	return slices.SortedFunc(maps.Keys(owned), func(a, b string) int {
		return cmp.Or(cmp.Compare(owned[b], owned[a]), cmp.Compare(a, b))
	})
}

// companyNames lists what those who own ports are called.
func companyNames(ports []Port, uids []string) []string {
	rank := make(map[string]int, len(uids))
	for i, uid := range uids {
		rank[uid] = i
	}
	of := make([][]string, len(uids)+1)
	for _, p := range ports {
		i, known := rank[p.CompanyUID]
		if !known {
			i = len(uids)
		}
		of[i] = withText(of[i], readableName(p.CompanyName))
	}
	var names []string
	for _, text := range slices.Concat(of...) {
		names = withText(names, text)
	}
	return names
}

// wireProduct is a product (API facts §4.2). What it has no field for is passed over
// without being kept.
type wireProduct struct {
	// Decisions hang on these: which port it is, what an entry is compared with to find
	// it, what an order is verified by, and whether it exists. A terminated port needs
	// the first three only; nothing is bought, changed or cancelled for the rest of it.
	ProductUID         decisive `json:"productUid"`
	ProductName        decisive `json:"productName"`
	ProvisioningStatus decisive `json:"provisioningStatus"`
	ProductType        decisive `json:"productType"`
	PortSpeed          decisive `json:"portSpeed"`
	LocationID         decisive `json:"locationId"`
	AggregationID      decisive `json:"aggregationId"`
	AssociatedVXCs     vxcCount `json:"associatedVxcs"`

	// These are shown, or may be unknown without harm, so that no value of it stops
	// anything. Without a date the age is unknown, which is the cautious reading
	// everywhere.
	CreateDate        looseDate `json:"createDate"`
	ContractStartDate looseDate `json:"contractStartDate"`
	ContractEndDate   looseDate `json:"contractEndDate"`
	LiveDate          looseDate `json:"liveDate"`
	// A term of 0 is unknown: it is never made longer.
	ContractTermMonths looseInt `json:"contractTermMonths"`
	// An empty zone is unknown (API facts §4.5).
	DiversityZone looseText `json:"diversityZone"`
	// An unknown owner is no owner: the account is told by its other ports.
	CompanyUID  looseText `json:"companyUid"`
	CompanyName looseText `json:"companyName"`
	// Only the order in which members are shown and cancelled hangs on the primary.
	LAGPrimary looseBool `json:"lagPrimary"`
	// A port is not taken for a router of the first generation without its word.
	Virtual looseBool `json:"virtual"`
	// Settings: one that is read wrongly is set once more to what the entry says.
	CostCentre            looseText `json:"costCentre"`
	MarketplaceVisibility looseBool `json:"marketplaceVisibility"`
	// The API itself refuses what a lock forbids.
	Locked      looseBool `json:"locked"`
	AdminLocked looseBool `json:"adminLocked"`
	// The rest is shown at most.
	ProductID      looseInt                `json:"productId"`
	Market         looseText               `json:"market"`
	LocationDetail loose[wirePortLocation] `json:"locationDetail"`
	Resources      loose[wireResources]    `json:"resources"`
}

// decisive is a value as it came, and how often it did. Until it is decoded, a product
// may turn out to be none of ours.
type decisive struct {
	value jsontext.Value
	times int
}

// UnmarshalJSONFrom takes any value.
func (d *decisive) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	d.value, d.times = v.Clone(), d.times+1
	return err
}

func (d decisive) text() string { return unquote(d.value) }

// decode decodes a value, if there is one, which stands there once unless it may be
// repeated.
func (d decisive) decode(name string, into any, repeated bool) error {
	if d.times > 1 && !repeated {
		return fmt.Errorf("field %s occurs twice", name)
	}
	if d.times == 0 {
		return nil
	}
	err := json.Unmarshal(d.value, into, tolerant())
	var semantic *json.SemanticError
	if errors.As(err, &semantic) && semantic.Err != nil {
		err = semantic.Err
	}
	if err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	return nil
}

type wirePortLocation struct {
	Name looseText `json:"name"`
}

type wireResources struct {
	Interface loose[wireInterface] `json:"interface"`
}

// wireInterface is the device's side of a port.
type wireInterface struct {
	Demarcation looseText `json:"demarcation"`
}

// loose is an object, or the first of a list of them, as products of the MCR era
// have it (API facts §4.2, confidence A); anything else counts as empty.
type loose[T any] struct{ value T }

// UnmarshalJSONFrom accepts any value.
func (w *loose[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	*w = loose[T]{}
	if list := elements(v); len(list) > 0 {
		v = list[0]
	}
	if v.Kind() == '{' && json.Unmarshal(v, &w.value, tolerant(), jsontext.AllowDuplicateNames(true)) != nil {
		*w = loose[T]{}
	}
	return nil
}

// vxcCount counts the VXCs that end on a product, but for those that have ended
// themselves. One that does not show its status counts, and so does a value that
// cannot be read: nobody could say that the product may be cancelled. Nothing of a VXC
// is kept, because an account may have many thousands.
type vxcCount int

// UnmarshalJSONFrom accepts any value.
func (n *vxcCount) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	switch dec.PeekKind() {
	case 'n':
		return dec.SkipValue()
	case '[':
	default:
		*n++
		return dec.SkipValue()
	}
	var vxc struct {
		ProvisioningStatus looseText `json:"provisioningStatus"`
	}
	return readList(dec, func(_ int, dec *jsontext.Decoder) (err error) {
		vxc.ProvisioningStatus.text = ""
		if dec.PeekKind() == '{' {
			err = json.UnmarshalDecode(dec, &vxc)
		} else {
			err = dec.SkipValue()
		}
		if !terminated(vxc.ProvisioningStatus.text) {
			*n++
		}
		return err
	})
}

// readProduct takes one product from the stream. Its error is about the JSON. Until
// port is called it is only known what kind it is.
func readProduct(dec *jsontext.Decoder) (w wireProduct, err error) {
	if dec.PeekKind() != '{' {
		return w, kindError(dec, "an object")
	}
	err = json.UnmarshalDecode(dec, &w)
	return w, err
}

func (w *wireProduct) productType() string { return folded(w.ProductType.text()) }

func (w *wireProduct) status() string { return folded(w.ProvisioningStatus.text()) }

// checkType finds a product that does not say what it is, and so could be a port.
// Nothing hangs on it once the product is terminated.
func (w *wireProduct) checkType() error {
	switch kind := w.productType(); {
	case w.terminated():
	case kind == "" || strings.ContainsRune(kind, utf8.RuneError):
		return errors.New("it does not show its productType")
	case w.ProductType.times > 1:
		return errors.New("it has more than one productType")
	}
	return nil
}

// terminated is true only of a product that says so, and says it once.
func (w *wireProduct) terminated() bool {
	return w.ProvisioningStatus.times == 1 && terminated(w.status())
}

// isPort tells ports from other products, and from the first generation of
// routers, which are ports with virtual set (API facts §3.2).
func (w *wireProduct) isPort() bool { return w.productType() == productType && !w.Virtual.value }

// named says which product an error is about.
func (w *wireProduct) named(i int, err error) error {
	what := fmt.Sprintf("product number %d", i+1)
	if uid, name := w.ProductUID.text(), w.ProductName.text(); uid != "" || name != "" {
		what += fmt.Sprintf(" (%q, uid %q)", printable(name, 80), printable(uid, 80))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// port decodes what decisions hang on.
func (w *wireProduct) port() (Port, error) {
	var uid, name, status, kind wireText
	var speed, location, aggregation wireInt
	ended := w.terminated()
	for _, f := range []struct {
		name  string
		from  decisive
		into  any
		loose bool // what cannot be read is missing
	}{
		{"productUid", w.ProductUID, &uid, false},
		{"productName", w.ProductName, &name, false},
		{"provisioningStatus", w.ProvisioningStatus, &status, false},
		{"productType", w.ProductType, &kind, ended},
		{"portSpeed", w.PortSpeed, &speed, ended},
		{"locationId", w.LocationID, &location, ended},
		{"aggregationId", w.AggregationID, &aggregation, ended},
	} {
		if err := f.from.decode(f.name, f.into, ended); err != nil && !f.loose {
			return Port{}, err
		}
	}
	if err := checkIdentity(uid, name, status); err != nil {
		return Port{}, err
	}
	switch {
	case !speed.set && !ended:
		return Port{}, errors.New("field portSpeed is missing")
	case !location.set && !ended:
		return Port{}, errors.New("field locationId is missing")
	}
	p := w.described()
	p.UID, p.Name, p.NameDamaged = uid.text, name.text, name.damaged
	p.ProductType, p.Status = w.productType(), w.status()
	p.Speed, p.LocationID, p.AggregationID = speed.int(), location.int(), aggregation.int()
	return p, nil
}

// checkIdentity insists on what identifies a port and says whether it exists. A name
// may be damaged: the row is kept, and the name equals no other.
func checkIdentity(uid, name, status wireText) error {
	const damaged = "holds invalid UTF-8"
	switch {
	case uid.text == "":
		return errors.New("field productUid is missing")
	case uid.damaged:
		return errors.New("field productUid " + damaged)
	case !name.set:
		return errors.New("field productName is missing")
	case status.text == "":
		return errors.New("field provisioningStatus is missing")
	case status.damaged:
		return errors.New("field provisioningStatus " + damaged)
	}
	return nil
}

// described is the port without what decisions hang on.
func (w *wireProduct) described() Port {
	return Port{
		ID: w.ProductID.int(), CreateDate: w.CreateDate.at, LiveDate: w.LiveDate.at, Market: w.Market.text,
		ContractStart: w.ContractStartDate.at, ContractEnd: w.ContractEndDate.at, ContractTerm: w.ContractTermMonths.int(),
		Zone:       strings.ToLower(strings.TrimSpace(w.DiversityZone.text)),
		CompanyUID: w.CompanyUID.text, CompanyName: w.CompanyName.text, CostCentre: w.CostCentre.text,
		MarketplaceVisibility: w.MarketplaceVisibility.value, LAGPrimary: w.LAGPrimary.value,
		Locked: w.Locked.value, AdminLocked: w.AdminLocked.value, Virtual: w.Virtual.value,
		Location:    PortLocation{Name: w.LocationDetail.value.Name.text},
		Demarcation: w.Resources.value.Interface.value.Demarcation.text,
		VXCs:        int(w.AssociatedVXCs),
	}
}
