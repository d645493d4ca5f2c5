package megaport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Port is a product of type MEGAPORT as the account has it, terminated ones
// included (API facts §4.1, §4.2).
type Port struct {
	// UID is the product's UUID.
	UID string
	// ID is the product's number.
	ID int
	// Name is the product name.
	Name string
	// NameDamaged is true when the name held what is no character, such as half an
	// emoji: each stands as U+FFFD in Name. Such a name is not to be taken for equal
	// to any other.
	NameDamaged bool
	// ProductType is "MEGAPORT", whatever case it came in.
	ProductType string
	// Status is the provisioning status, such as DEPLOYABLE, CONFIGURED, LIVE or
	// DECOMMISSIONED (API facts §4.3), in upper case.
	Status string
	// CreateDate is when it was ordered; zero when unknown.
	CreateDate time.Time
	// Speed is in Mbps; 0 when unknown, which a terminated port's may be.
	Speed int
	// LocationID is where it stands; 0 when unknown, as for Speed.
	LocationID int
	// Location is what the product says of the place.
	Location PortLocation
	// Market is the billing market. It was seen as "USA" where orders say "US".
	Market string
	// Zone is the diversity zone in lower case; empty when unknown, which passes for young ports
	// and stays for old ones (API facts §4.5).
	Zone string
	// MarketplaceVisibility says whether the Marketplace shows it.
	MarketplaceVisibility bool
	// LAGPrimary is true for one member of each LAG.
	LAGPrimary bool
	// AggregationID is what the members of one LAG share; 0 for none.
	AggregationID int
	// CompanyUID and CompanyName are the owner's.
	CompanyUID, CompanyName string
	// CostCentre is on the invoice. Members of older LAGs may lack it.
	CostCentre string
	// ContractStart and ContractEnd are zero until the port is LIVE.
	ContractStart, ContractEnd time.Time
	// ContractTerm is in months.
	ContractTerm int
	// LiveDate is when it went LIVE, else zero.
	LiveDate time.Time
	// Locked refuses changes until unlocked; AdminLocked is Megaport's own lock.
	Locked, AdminLocked bool
	// Virtual is false for every port that this client returns.
	Virtual bool
	// Demarcation is the Z side as the LOA names it; empty until known.
	Demarcation string
	// VXCs is how many VXCs end here that have not ended themselves.
	VXCs int
}

// PortLocation is a product's own description of its place.
type PortLocation struct {
	// Name may be empty.
	Name string
}

// ProductService reads and changes the account's products.
type ProductService struct {
	client *Client
}

// NotPortError is a UID that belongs to something other than a port.
type NotPortError struct {
	// UID is the product's.
	UID string
	// ProductType is what it is, such as "MCR2".
	ProductType string
}

// Error is one line.
func (e *NotPortError) Error() string {
	return fmt.Sprintf("product %s is not a port but of type %s", printable(e.UID, 80), printable(e.ProductType, 40))
}

// productPath is a product's path; the UID is escaped, so that one that is odd
// cannot become another path.
func productPath(version int, uid, rest string) string {
	return fmt.Sprintf("/v%d/product/%s%s", version, url.PathEscape(uid), rest)
}

// checkUID refuses what would address something other than one product.
func checkUID(uid string) error {
	if strings.Trim(uid, ". ") == "" {
		return errors.New("megaport: the product UID is missing")
	}
	return nil
}

// Get reads one port. An error that IsNotFound accepts means that the API knows
// no such product; a *NotPortError, that it is something else.
func (s *ProductService) Get(ctx context.Context, uid string) (Port, error) {
	if err := checkUID(uid); err != nil {
		return Port{}, err
	}
	q := call{class: classRead, method: http.MethodGet, path: productPath(2, uid, ""), kept: true}
	port, err := ask(ctx, s.client, q, func(body io.Reader, a *attempt) (Port, error) { return decodeProduct(body, uid, a.secrets) })
	var other *NotPortError
	if errors.As(err, &other) {
		return Port{}, other
	}
	return port, err
}

// decodeProduct reads one port, and insists that it is the one asked for.
func decodeProduct(body io.Reader, uid string, secrets redactor) (Port, error) {
	var port Port
	err := readEnvelope(body, func(dec *jsontext.Decoder) error {
		w, err := readProduct(dec)
		switch {
		case err != nil:
			return err
		case w.checkType() != nil:
			return w.checkType()
		case !w.isPort():
			return &NotPortError{UID: uid, ProductType: secrets(w.productType())}
		}
		if port, err = w.port(); err != nil {
			return err
		}
		if !strings.EqualFold(port.UID, uid) {
			return fmt.Errorf("it is about the product %s", printable(port.UID, 80))
		}
		return nil
	})
	if err != nil {
		return Port{}, err
	}
	return port, nil
}

// PortUpdate is what can be changed of a port (API facts §5.1). Speed, location
// and zone cannot. What the official clients leave out is left out (confidence A).
type PortUpdate struct {
	// Name is the new product name; empty leaves it.
	Name string `json:"name,omitzero"`
	// CostCentre is always sent, empty clears it: whether the API keeps one that is
	// left out is not known. To change something else, repeat the present one.
	CostCentre string `json:"costCentre"`
	// MarketplaceVisibility is left as it is when nil.
	MarketplaceVisibility *bool `json:"marketplaceVisibility,omitzero"`
	// Term is the new contract term in months; 0 leaves it. A change needs a LIVE port.
	Term int `json:"term,omitzero"`
}

// Update changes a port. For a LAG, each member is updated by itself.
func (s *ProductService) Update(ctx context.Context, uid string, u PortUpdate) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	if u.Term < 0 {
		return fmt.Errorf("megaport: the term must be positive, not %d", u.Term)
	}
	body, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("megaport: the update cannot be sent: %w", fieldError(err))
	}
	_, err = s.client.do(ctx, call{
		class: classWrite, method: http.MethodPut,
		path: "/v2/product/megaport/" + url.PathEscape(uid), body: body,
	})
	return err
}

// Lock keeps a port from being changed or cancelled. Locking twice is no error
// (API facts §5.3, confidence D).
func (s *ProductService) Lock(ctx context.Context, uid string) error {
	return s.lock(ctx, uid, http.MethodPost)
}

// Unlock undoes Lock. A lock of Megaport's own stays.
func (s *ProductService) Unlock(ctx context.Context, uid string) error {
	return s.lock(ctx, uid, http.MethodDelete)
}

func (s *ProductService) lock(ctx context.Context, uid, method string) error {
	if err := checkUID(uid); err != nil {
		return err
	}
	_, err := s.client.do(ctx, call{class: classWrite, method: method, path: productPath(2, uid, "/lock")})
	return err
}
