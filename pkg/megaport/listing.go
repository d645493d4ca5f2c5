package megaport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portctl/portctl/pkg/internal/weaken"
)

// Listing is everything the account's product list says that portctl wants to
// know.
type Listing struct {
	// Ports are the ports, terminated ones included, in the API's order.
	Ports []Port
	// CompanyUID is the one company that all products belong to; empty when there
	// are no products, or when they belong to several.
	CompanyUID string
	// Companies are the UIDs of all companies seen, sorted.
	Companies []string
	// Others is how many products are not ports.
	Others int
}

// List reads all ports of the account, terminated ones included. It is strict: a
// product without a type, or a port that can not be decoded, fails the call with
// an error that names it, because a port that is overlooked would be bought again.
// Products of other types are passed over unread.
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
				err = fmt.Errorf("it is page 1 of %d, and the rest can not be read", p.total)
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
	companies := map[string]bool{}
	rows := newRowReader()
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		return readList(dec, func(i int, dec *jsontext.Decoder) error {
			r, err := rows.read(dec)
			if err != nil {
				return r.named(i, err)
			}
			if r.companyUID != "" {
				companies[r.companyUID] = true
			}
			if !r.isPort() {
				l.Others++
				return nil
			}
			p, err := r.port()
			if err != nil && weaken.Off(weaken.Strict) {
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
	for uid := range companies {
		l.Companies = append(l.Companies, uid)
	}
	slices.Sort(l.Companies)
	if len(l.Companies) == 1 {
		l.CompanyUID = l.Companies[0]
	}
	return l, nil
}

// wirePort is a product as far as portctl looks at it (API facts §4.2).
type wirePort struct {
	ProductID             wireInt           `json:"productId"`
	ProductUID            wireText          `json:"productUid"`
	ProductName           wireText          `json:"productName"`
	ProductType           wireText          `json:"productType"`
	ProvisioningStatus    wireText          `json:"provisioningStatus"`
	CreateDate            wireDate          `json:"createDate"`
	CreatedBy             wireText          `json:"createdBy"`
	PortSpeed             wireInt           `json:"portSpeed"`
	LocationID            wireInt           `json:"locationId"`
	LocationDetail        *wirePortLocation `json:"locationDetail"`
	Market                wireText          `json:"market"`
	DiversityZone         wireText          `json:"diversityZone"`
	MarketplaceVisibility wireBool          `json:"marketplaceVisibility"`
	LAGPrimary            wireBool          `json:"lagPrimary"`
	LAGID                 wireInt           `json:"lagId"`
	AggregationID         wireInt           `json:"aggregationId"`
	CompanyUID            wireText          `json:"companyUid"`
	CompanyName           wireText          `json:"companyName"`
	CostCentre            wireText          `json:"costCentre"`
	ContractStartDate     wireDate          `json:"contractStartDate"`
	ContractEndDate       wireDate          `json:"contractEndDate"`
	ContractTermMonths    wireInt           `json:"contractTermMonths"`
	LiveDate              wireDate          `json:"liveDate"`
	TerminateDate         wireDate          `json:"terminateDate"`
	Locked                wireBool          `json:"locked"`
	AdminLocked           wireBool          `json:"adminLocked"`
	Cancelable            wireBool          `json:"cancelable"`
	Virtual               wireBool          `json:"virtual"`
	Resources             *wireResources    `json:"resources"`
}

type wirePortLocation struct {
	Name    wireText `json:"name"`
	City    wireText `json:"city"`
	Metro   wireText `json:"metro"`
	Country wireText `json:"country"`
}

type wireResources struct {
	Interface wireInterfaces `json:"interface"`
}

// wireInterface is the device's side of a port. The names are spelt with an
// underscore here and nowhere else (API facts §4.2, confidence A).
type wireInterface struct {
	Demarcation wireText `json:"demarcation"`
	LOATemplate wireText `json:"loa_template"`
	Media       wireText `json:"media"`
	Up          wireInt  `json:"up"`
}

// wireInterfaces is one interface, or a list whose first is taken: a list is what
// products of the MCR era have (API facts §4.2, confidence A).
type wireInterfaces struct {
	wireInterface
}

// UnmarshalJSONFrom accepts an object, a list of objects or null.
func (w *wireInterfaces) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*w = wireInterfaces{}
	switch dec.PeekKind() {
	case 'n':
		return dec.SkipValue()
	case '[':
		var all []wireInterface
		if err := json.UnmarshalDecode(dec, &all); err != nil {
			return err
		}
		if len(all) > 0 {
			w.wireInterface = all[0]
		}
		return nil
	}
	return json.UnmarshalDecode(dec, &w.wireInterface)
}

// rowReader takes products apart. What a wirePort has no field for, the nested
// VXCs above all, is passed over without being kept.
type rowReader struct {
	wanted map[string]bool
	buffer bytes.Buffer
}

func newRowReader() *rowReader {
	r := &rowReader{wanted: map[string]bool{}}
	t := reflect.TypeFor[wirePort]()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		r.wanted[name] = true
	}
	return r
}

// row is one product. Until port is called it is only known what kind it is.
type row struct {
	object      []byte // valid until the next row is read
	productType string
	kinds       []string // every productType there is; more than one is refused
	virtual     bool
	uid, name   string
	companyUID  string
	vxcs        int
}

// read takes one product from the stream. Its error is about the JSON, or about a
// product that does not show what it is.
func (r *rowReader) read(dec *jsontext.Decoder) (row, error) {
	var out row
	if dec.PeekKind() != '{' {
		return out, kindError(dec, "an object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return out, err
	}
	r.buffer.Reset()
	r.buffer.WriteByte('{')
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return out, err
		}
		if err := r.member(dec, name.String(), &out); err != nil {
			return out, err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return out, orTruncated(err)
	}
	r.buffer.WriteByte('}')
	out.object = r.buffer.Bytes()
	return out, out.checkType()
}

func (r *rowReader) member(dec *jsontext.Decoder, name string, out *row) error {
	if name == "associatedVxcs" && dec.PeekKind() == '[' {
		return readList(dec, func(_ int, dec *jsontext.Decoder) error {
			out.vxcs++
			return dec.SkipValue()
		})
	}
	if !r.wanted[name] {
		return dec.SkipValue()
	}
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if r.buffer.Len() > 1 {
		r.buffer.WriteByte(',')
	}
	r.buffer.WriteString(`"` + name + `":`) // a field's name needs no escaping
	r.buffer.Write(v)
	out.note(name, v)
	return nil
}

// note keeps what tells a port from the rest, and what names it in an error.
func (r *row) note(name string, v jsontext.Value) {
	switch name {
	case "productType":
		r.productType = unquote(v)
		r.kinds = append(r.kinds, r.productType)
	case "virtual":
		r.virtual = v.Kind() == 't'
	case "productUid":
		r.uid = unquote(v)
	case "productName":
		r.name = unquote(v)
	case "companyUid":
		r.companyUID = unquote(v)
	}
}

// checkType insists that a product says what it is: one that does not could be a
// port.
func (r *row) checkType() error {
	switch {
	case len(r.kinds) == 0 || r.productType == "":
		return errors.New("it does not show its productType")
	case len(r.kinds) > 1:
		return errors.New("it has more than one productType")
	}
	return nil
}

// isPort tells ports from other products, and from the first generation of
// routers, which are ports with virtual set (API facts §3.2).
func (r *row) isPort() bool { return strings.EqualFold(r.productType, "MEGAPORT") && !r.virtual }

// named says which product an error is about.
func (r *row) named(i int, err error) error {
	what := fmt.Sprintf("product number %d", i+1)
	if r.uid != "" || r.name != "" {
		what += fmt.Sprintf(" (%q, uid %q)", printable(r.name, 80), printable(r.uid, 80))
	}
	return fmt.Errorf("%s: %w", what, err)
}

// port decodes the product strictly.
func (r *row) port() (Port, error) {
	var w wirePort
	if err := json.Unmarshal(r.object, &w); err != nil {
		return Port{}, fieldError(err)
	}
	if err := w.check(); err != nil {
		return Port{}, err
	}
	p := w.port()
	p.VXCs = r.vxcs
	return p, nil
}

// check insists on what identifies a port and says whether it still exists.
func (w wirePort) check() error {
	switch {
	case w.ProductUID.text == "":
		return errors.New("field productUid is missing")
	case !w.ProductName.set:
		return errors.New("field productName is missing")
	case w.ProvisioningStatus.text == "":
		return errors.New("field provisioningStatus is missing")
	case !w.PortSpeed.set:
		return errors.New("field portSpeed is missing")
	case !w.LocationID.set:
		return errors.New("field locationId is missing")
	}
	return nil
}

func (w wirePort) port() Port {
	p := Port{
		UID: w.ProductUID.text, ID: w.ProductID.int(), Name: w.ProductName.text,
		ProductType: w.ProductType.text, Status: w.ProvisioningStatus.text,
		CreateDate: w.CreateDate.time(), CreatedBy: w.CreatedBy.text,
		Speed: w.PortSpeed.int(), LocationID: w.LocationID.int(),
		Market: w.Market.text, Zone: w.DiversityZone.text,
		MarketplaceVisibility: w.MarketplaceVisibility.value,
		LAGPrimary:            w.LAGPrimary.value, LAGID: w.LAGID.int(), AggregationID: w.AggregationID.int(),
		CompanyUID: w.CompanyUID.text, CompanyName: w.CompanyName.text, CostCentre: w.CostCentre.text,
		ContractStart: w.ContractStartDate.time(), ContractEnd: w.ContractEndDate.time(),
		ContractTerm: w.ContractTermMonths.int(),
		LiveDate:     w.LiveDate.time(), TerminateDate: w.TerminateDate.time(),
		Locked: w.Locked.value, AdminLocked: w.AdminLocked.value,
		Cancelable: w.Cancelable.value, Virtual: w.Virtual.value,
	}
	if d := w.LocationDetail; d != nil {
		p.Location = PortLocation{Name: d.Name.text, City: d.City.text, Metro: d.Metro.text, Country: d.Country.text}
	}
	if r := w.Resources; r != nil {
		p.Demarcation, p.LOATemplate = r.Interface.Demarcation.text, r.Interface.LOATemplate.text
		p.Media, p.Up = r.Interface.Media.text, r.Interface.Up.value == 1
	}
	return p
}
