package megaport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
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
	var l Listing
	_, err := s.client.do(ctx, call{
		class: classRead, method: http.MethodGet, path: "/v2/products",
		timeout: timeoutListing, limit: limitListing,
		decode: func(body io.Reader, a *attempt) (err error) {
			p, err := readPages(a.header)
			if err != nil {
				return err
			}
			if l, err = decodeProducts(body); err == nil && p.total > 1 {
				err = fmt.Errorf("it is page 1 of %d, and the rest cannot be read", p.total)
			}
			return err
		},
	})
	if err != nil {
		return Listing{}, err
	}
	return l, nil
}

func decodeProducts(body io.Reader) (Listing, error) {
	l := Listing{Ports: []Port{}}
	rows := newRowReader()
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			r, err := rows.read(dec)
			if err != nil {
				return r.named(i, err)
			}
			untyped := r.checkType() != nil && !r.virtual
			if !untyped && !r.isPort() {
				l.Others++
				return nil
			}
			p, err := r.port()
			if err != nil && untyped {
				l.Untyped = append(l.Untyped, Untyped{UID: r.uid, Name: r.name})
				return nil
			}
			if err != nil {
				return r.named(i, err)
			}
			l.Ports = append(l.Ports, p)
			return nil
		})
	})
	if err != nil {
		return Listing{}, err
	}
	l.Companies = companies(l.Ports)
	l.CompanyNames = companyNames(l.Ports, l.Companies)
	return l, nil
}

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
	rank := func(p Port) int {
		if i := slices.Index(uids, p.CompanyUID); i >= 0 {
			return i
		}
		return len(uids)
	}
	var names []string
	for _, p := range slices.SortedStableFunc(slices.Values(ports), func(a, b Port) int { return cmp.Compare(rank(a), rank(b)) }) {
		names = withText(names, readableName(p.CompanyName))
	}
	return names
}

// wirePort is what decisions about a port hang on (API facts §4.2): which it is,
// what an entry is compared with to find it, what an order is verified by, and
// whether it exists. A terminated port needs the first three only; nothing is
// bought, changed or cancelled for the rest of it.
type wirePort struct {
	ProductUID         wireText `json:"productUid"`
	ProductName        wireText `json:"productName"`
	ProvisioningStatus wireText `json:"provisioningStatus"`
	ProductType        wireText `json:"productType"`
	PortSpeed          wireInt  `json:"portSpeed"`
	LocationID         wireInt  `json:"locationId"`
	AggregationID      wireInt  `json:"aggregationId"`
}

// wirePortMore is what is shown, or what may be unknown without harm, so that no
// value of it stops anything.
type wirePortMore struct {
	// Without a date the age is unknown, which is the cautious reading everywhere.
	CreateDate        looseDate `json:"createDate"`
	ContractStartDate looseDate `json:"contractStartDate"`
	ContractEndDate   looseDate `json:"contractEndDate"`
	LiveDate          looseDate `json:"liveDate"`
	TerminateDate     looseDate `json:"terminateDate"`
	// A term of 0 is unknown: it is never made longer.
	ContractTermMonths looseInt `json:"contractTermMonths"`
	// An empty zone is unknown (API facts §4.5).
	DiversityZone looseText `json:"diversityZone"`
	// An unknown owner is no owner: the account is told by its other ports.
	CompanyUID looseText `json:"companyUid"`
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
	CreatedBy      looseText               `json:"createdBy"`
	Market         looseText               `json:"market"`
	LAGID          looseInt                `json:"lagId"`
	CompanyName    looseText               `json:"companyName"`
	Cancelable     looseBool               `json:"cancelable"`
	LocationDetail loose[wirePortLocation] `json:"locationDetail"`
	Resources      loose[wireResources]    `json:"resources"`
}

type wirePortLocation struct {
	Name    looseText `json:"name"`
	City    looseText `json:"city"`
	Metro   looseText `json:"metro"`
	Country looseText `json:"country"`
}

type wireResources struct {
	Interface loose[wireInterface] `json:"interface"`
}

// wireInterface is the device's side of a port. The names are spelt with an
// underscore here and nowhere else (API facts §4.2, confidence A).
type wireInterface struct {
	Demarcation looseText `json:"demarcation"`
	LOATemplate looseText `json:"loa_template"`
	Media       looseText `json:"media"`
	Up          looseBool `json:"up"`
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
	if v.Kind() == '[' {
		list := tolerantDecoder(v)
		_, _ = list.ReadToken()
		if list.PeekKind() == ']' {
			return nil
		}
		if v, err = list.ReadValue(); err != nil {
			return err
		}
	}
	if v.Kind() == '{' && json.Unmarshal(v, &w.value, tolerant(), jsontext.AllowDuplicateNames(true)) != nil {
		*w = loose[T]{}
	}
	return nil
}

// rowReader takes products apart. What the two wire types have no field for, the
// nested VXCs above all, is passed over without being kept.
type rowReader struct {
	decides, more fieldSet
}

// fieldSet collects the members of an object that a wire type has fields for.
type fieldSet struct {
	wanted map[string]bool
	buffer bytes.Buffer
}

func newMembers(t reflect.Type) fieldSet {
	m := fieldSet{wanted: map[string]bool{}}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		m.wanted[name] = true
	}
	return m
}

func (m *fieldSet) begin() {
	m.buffer.Reset()
	m.buffer.WriteByte('{')
}

func (m *fieldSet) add(name string, v jsontext.Value) {
	if m.buffer.Len() > 1 {
		m.buffer.WriteByte(',')
	}
	m.buffer.WriteString(`"` + name + `":`) // a field's name needs no escaping
	m.buffer.Write(v)
}

func (m *fieldSet) end() []byte {
	m.buffer.WriteByte('}')
	return m.buffer.Bytes()
}

func newRowReader() *rowReader {
	return &rowReader{decides: newMembers(reflect.TypeFor[wirePort]()), more: newMembers(reflect.TypeFor[wirePortMore]())}
}

// row is one product. Until port is called it is only known what kind it is.
type row struct {
	object, more []byte // valid until the next row is read
	productType  string // folded
	kinds        int    // how many members productType there are; more than one is refused
	virtual      bool
	status       string // folded
	statuses     int    // how many members provisioningStatus there are
	uid, name    string
	vxcs         int
}

// read takes one product from the stream. Its error is about the JSON.
func (r *rowReader) read(dec *jsontext.Decoder) (row, error) {
	var out row
	if dec.PeekKind() != '{' {
		return out, kindError(dec, "an object")
	}
	r.decides.begin()
	r.more.begin()
	if err := readMembers(dec, func(name string) error { return r.member(dec, name, &out) }); err != nil {
		return out, err
	}
	out.object, out.more = r.decides.end(), r.more.end()
	return out, nil
}

// readMembers walks an object; one must take the value of the member.
func readMembers(dec *jsontext.Decoder, one func(name string) error) error {
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := one(name.String()); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	if err != nil {
		return orTruncated(err)
	}
	return nil
}

func (r *rowReader) member(dec *jsontext.Decoder, name string, out *row) error {
	decides, more := r.decides.wanted[name], r.more.wanted[name]
	if name == "associatedVxcs" {
		n, err := countVXCs(dec)
		out.vxcs += n
		return err
	}
	if !decides && !more {
		return dec.SkipValue()
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if decides {
		r.decides.add(name, v)
	} else {
		r.more.add(name, v)
	}
	return out.note(name, v)
}

// countVXCs counts the VXCs that end on a product, but for those that have ended
// themselves. One that does not show its status counts, and so does a value that
// cannot be read: nobody could say that the product may be cancelled.
func countVXCs(dec *jsontext.Decoder) (int, error) {
	switch dec.PeekKind() {
	case 'n':
		return 0, dec.SkipValue()
	case '[':
	default:
		return 1, dec.SkipValue()
	}
	active := 0
	err := readList(dec, func(_ int, dec *jsontext.Decoder) error {
		ended, err := readEnded(dec)
		if !ended {
			active++
		}
		return err
	})
	return active, err
}

// readEnded passes over one VXC and says whether its status is that of one that
// has ended. Nothing of it is kept, because an account may have many thousands.
func readEnded(dec *jsontext.Decoder) (ended bool, err error) {
	if dec.PeekKind() != '{' {
		return false, dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return false, err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadValue()
		if err != nil {
			return false, err
		}
		if string(name) != `"provisioningStatus"` {
			if err := dec.SkipValue(); err != nil {
				return false, err
			}
			continue
		}
		v, err := dec.ReadValue()
		if err != nil {
			return false, err
		}
		ended = terminated(unquote(v))
	}
	_, err = dec.ReadToken()
	return ended, err
}

// note keeps what tells a port from the rest, and what names it in an error.
func (r *row) note(name string, v jsontext.Value) error {
	switch name {
	case "productType":
		r.productType = folded(unquote(v))
		r.kinds++
	case "provisioningStatus":
		r.status = folded(unquote(v))
		r.statuses++
	case "virtual":
		var w looseBool
		err := json.Unmarshal(v, &w, tolerant(), jsontext.AllowDuplicateNames(true))
		r.virtual = w.value
		return err
	case "productUid":
		r.uid = unquote(v)
	case "productName":
		r.name = unquote(v)
	}
	return nil
}

// checkType finds a product that does not say what it is, and so could be a port.
// Nothing hangs on it once the product is terminated.
func (r *row) checkType() error {
	switch {
	case r.terminated():
	case r.productType == "" || strings.ContainsRune(r.productType, utf8.RuneError):
		return errors.New("it does not show its productType")
	case r.kinds > 1:
		return errors.New("it has more than one productType")
	}
	return nil
}

// terminated is true only of a product that says so, and says it once.
func (r *row) terminated() bool { return r.statuses == 1 && terminated(r.status) }

// isPort tells ports from other products, and from the first generation of
// routers, which are ports with virtual set (API facts §3.2).
func (r *row) isPort() bool { return r.productType == "MEGAPORT" && !r.virtual }

// named says which product an error is about.
func (r *row) named(i int, err error) error {
	what := fmt.Sprintf("product number %d", i+1)
	if r.uid != "" || r.name != "" {
		what += fmt.Sprintf(" (%q, uid %q)", printable(r.name, 80), printable(r.uid, 80))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// port decodes the product.
func (r *row) port() (Port, error) {
	decode := livingPort
	if r.terminated() {
		decode = terminatedPort
	}
	w, err := decode(r.object)
	if err != nil {
		return Port{}, err
	}
	// These fields accept every value, and may occur twice.
	var more wirePortMore
	if err := json.Unmarshal(r.more, &more, tolerant(), jsontext.AllowDuplicateNames(true)); err != nil {
		return Port{}, fieldError(err)
	}
	p := more.port()
	p.UID, p.Name, p.NameDamaged = w.ProductUID.text, w.ProductName.text, w.ProductName.damaged
	p.ProductType, p.Status = r.productType, r.status
	p.Speed, p.LocationID, p.AggregationID = w.PortSpeed.int(), w.LocationID.int(), w.AggregationID.int()
	p.VXCs = r.vxcs
	return p, nil
}

func livingPort(object []byte) (w wirePort, err error) {
	if err := json.Unmarshal(object, &w, tolerant()); err != nil {
		return w, fieldError(err)
	}
	switch err := w.checkIdentity(); {
	case err != nil:
		return w, err
	case !w.PortSpeed.set:
		return w, errors.New("field portSpeed is missing")
	case !w.LocationID.set:
		return w, errors.New("field locationId is missing")
	}
	return w, nil
}

// wireTerminated is what is asked of a port that has ended.
type wireTerminated struct {
	ProductUID         wireText `json:"productUid"`
	ProductName        wireText `json:"productName"`
	ProvisioningStatus wireText `json:"provisioningStatus"`
	PortSpeed          looseInt `json:"portSpeed"`
	LocationID         looseInt `json:"locationId"`
	AggregationID      looseInt `json:"aggregationId"`
}

func terminatedPort(object []byte) (wirePort, error) {
	var t wireTerminated
	if err := json.Unmarshal(object, &t, tolerant(), jsontext.AllowDuplicateNames(true)); err != nil {
		return wirePort{}, fieldError(err)
	}
	w := wirePort{
		ProductUID: t.ProductUID, ProductName: t.ProductName, ProvisioningStatus: t.ProvisioningStatus,
		PortSpeed: t.PortSpeed.wireInt, LocationID: t.LocationID.wireInt, AggregationID: t.AggregationID.wireInt,
	}
	return w, w.checkIdentity()
}

// checkIdentity insists on what identifies a port and says whether it exists. A
// name may be damaged: the row is kept, and the name equals no other.
func (w wirePort) checkIdentity() error {
	const damaged = "holds invalid UTF-8"
	switch {
	case w.ProductUID.text == "":
		return errors.New("field productUid is missing")
	case w.ProductUID.damaged:
		return errors.New("field productUid " + damaged)
	case !w.ProductName.set:
		return errors.New("field productName is missing")
	case w.ProvisioningStatus.text == "":
		return errors.New("field provisioningStatus is missing")
	case w.ProvisioningStatus.damaged:
		return errors.New("field provisioningStatus " + damaged)
	}
	return nil
}

func (w wirePortMore) port() Port {
	at, device := w.LocationDetail.value, w.Resources.value.Interface.value
	return Port{
		ID: w.ProductID.int(), CreateDate: w.CreateDate.time(), CreatedBy: w.CreatedBy.text,
		Market: w.Market.text, Zone: strings.ToLower(strings.TrimSpace(w.DiversityZone.text)),
		MarketplaceVisibility: w.MarketplaceVisibility.value,
		LAGPrimary:            w.LAGPrimary.value, LAGID: w.LAGID.int(),
		CompanyUID: w.CompanyUID.text, CompanyName: w.CompanyName.text, CostCentre: w.CostCentre.text,
		ContractStart: w.ContractStartDate.time(), ContractEnd: w.ContractEndDate.time(),
		ContractTerm: w.ContractTermMonths.int(),
		LiveDate:     w.LiveDate.time(), TerminateDate: w.TerminateDate.time(),
		Locked: w.Locked.value, AdminLocked: w.AdminLocked.value,
		Cancelable: w.Cancelable.value, Virtual: w.Virtual.value,
		Location:    PortLocation{Name: at.Name.text, City: at.City.text, Metro: at.Metro.text, Country: at.Country.text},
		Demarcation: device.Demarcation.text, LOATemplate: device.LOATemplate.text,
		Media: device.Media.text, Up: device.Up.value,
	}
}
