package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// ManagedCompany is a company that the account manages as a partner, also its wire
// form (API facts §1.4, confidence A).
type ManagedCompany struct {
	AccountName string `json:"accountName"`
	AccountRef  string `json:"accountRef"`
	CompanyUID  string `json:"companyUid"`
}

// manages reports whether the account manages the company of a UID.
func (k *Knobs) manages(uid string) bool {
	return slices.ContainsFunc(k.ManagedCompanies, func(m ManagedCompany) bool { return strings.EqualFold(m.CompanyUID, uid) })
}

// managedName gives the name of a managed company.
func (k *Knobs) managedName(uid string) string {
	for _, m := range k.ManagedCompanies {
		if strings.EqualFold(m.CompanyUID, uid) {
			return m.AccountName
		}
	}
	return ""
}

// callContext is the header that names the managed company a call acts for (API
// facts §1.4, confidence A).
const callContext = "X-Call-Context"

// company gives the UID of the managed company the call acts for, empty for the
// account's own. Some routes do not take the header (API facts §1.4, confidence B).
func (c *call) company() string {
	if c.route == nil || c.isPublic() || slices.Contains([]string{classMarket, classManaged, classPricebook}, c.route.Class) {
		return ""
	}
	return c.req.Header.Get(callContext)
}

// actsForStranger reports whether the call acts for a company that the account
// does not manage. What the API answers then is not public: here 403 (confidence D).
func (c *call) actsForStranger() bool {
	uid := c.company()
	return uid != "" && !c.knobs.manages(uid)
}

func forbidden() reply {
	return fail(http.StatusForbidden, "You do not have permission to do this.")
}

// listManagedCompanies answers 403 to an account that is no partner (API facts §1.4,
// confidence A; its text D).
func (s *Server) listManagedCompanies(c *call) reply {
	if len(c.knobs.ManagedCompanies) == 0 {
		return forbidden()
	}
	return ok("Managed Accounts.", c.knobs.ManagedCompanies)
}

// wireMarket is an enabled billing market (API facts §1.8, confidence A). The
// company is named by its number only, secondPartyId.
type wireMarket struct {
	ID                int      `json:"id"`
	WellKnownSupplier string   `json:"wellKnownSupplier"`
	SupplierName      string   `json:"supplierName"`
	CurrencyEnum      string   `json:"currencyEnum"`
	Language          string   `json:"language"`
	ContactName       string   `json:"billingContactName"`
	ContactEmail      string   `json:"billingContactEmail"`
	ContactPhone      string   `json:"billingContactPhone"`
	Address1          string   `json:"address1"`
	Postcode          string   `json:"postcode"`
	Country           string   `json:"country"`
	City              string   `json:"city"`
	State             string   `json:"state"`
	InvoiceTemplate   string   `json:"invoiceTemplate"`
	TaxRate           float64  `json:"taxRate"`
	EstimateInvoice   float64  `json:"estimateInvoice"`
	FirstPartyID      int      `json:"firstPartyId"`
	SecondPartyID     int      `json:"secondPartyId"`
	AttachInvoice     bool     `json:"attachInvoiceToEmail"`
	Region            string   `json:"region"`
	PaymentTermInDays int      `json:"paymentTermInDays"`
	StripeKey         string   `json:"stripeAccountPublishableKey"`
	StripeCurrencies  []string `json:"stripeSupportedBankCurrencies"`
	VATExempt         bool     `json:"vatExempt"`
	Active            bool     `json:"active"`
	SecuredHash       string   `json:"securedHash"`
	CompanyUID        string   `json:"companyUid,omitempty"` // only by the knob accountInfo
}

// billingMarkets gives the 24 billing markets and the number of the Megaport company
// that bills there (API facts §2.3, confidence A).
func billingMarkets() map[string]int {
	return map[string]int{
		"US": 1558, "AU": 808, "AT": 20442, "BE": 20449, "BG": 4640, "CA": 1652, "CH": 8299, "DE": 4515, "DK": 20447,
		"ES": 30369, "FI": 20440, "FR": 20451, "HK": 819, "IE": 2683, "IT": 30367, "JP": 20453, "LU": 30423, "NL": 2685,
		"NO": 20438, "NZ": 855, "PL": 20444, "SE": 2681, "SG": 817, "UK": 2675,
	}
}

// listMarkets lists the markets that the company can buy in: all but those of the
// knob missingMarkets.
func (s *Server) listMarkets(c *call) reply {
	if c.knobs.AccountInfo == "refused" {
		return forbidden()
	}
	rows := []wireMarket{}
	markets := billingMarkets()
	for _, code := range sortedKeys(markets) {
		if c.knobs.AccountInfo != "empty" && !slices.Contains(c.knobs.MissingMarkets, code) {
			rows = append(rows, s.wireMarket(c, code, markets[code], len(rows)))
		}
	}
	return ok("Markets for company "+strconv.Itoa(s.config.Company.ID), rows)
}

func (s *Server) wireMarket(c *call, code string, firstParty, n int) wireMarket {
	currency := s.config.Prices.currency(code)
	w := wireMarket{
		ID: 5000 + n, WellKnownSupplier: "MEGAPORT_" + code, SupplierName: "Megaport " + code, CurrencyEnum: currency, Language: "en",
		ContactName: "Sandbox Billing", ContactEmail: "billing@sandbox.invalid", Address1: "1 Sandbox Street", Postcode: "00000",
		Country: code, City: "Sandbox", InvoiceTemplate: "invoice_" + code, FirstPartyID: firstParty, SecondPartyID: s.config.Company.ID,
		AttachInvoice: true, Region: code, PaymentTermInDays: 30, StripeCurrencies: []string{currency}, Active: true,
	}
	if c.knobs.AccountInfo == "uid" {
		w.CompanyUID = s.config.Company.UID
	}
	return w
}

// wireUser is a user of the company (API facts §1.8, confidence A). A listing has
// personId and personUid where a read by number has partyId and uid.
type wireUser struct {
	PartyID           *int     `json:"partyId,omitempty"`
	UID               *string  `json:"uid,omitempty"`
	PersonID          *int     `json:"personId,omitempty"`
	PersonUID         *string  `json:"personUid,omitempty"`
	EmploymentID      *int     `json:"employmentId,omitempty"`
	EmploymentType    *string  `json:"employmentType,omitempty"`
	PositionID        *int     `json:"positionId,omitempty"`
	CompanyID         *int     `json:"companyId,omitempty"`
	CompanyName       *string  `json:"companyName,omitempty"`
	CompanyUID        *string  `json:"companyUid,omitempty"` // only by the knob accountInfo
	FirstName         string   `json:"firstName"`
	LastName          string   `json:"lastName"`
	Name              string   `json:"name"`
	Email             string   `json:"email"`
	Phone             string   `json:"phone"`
	Position          string   `json:"position"`
	SecurityRoles     []string `json:"securityRoles"`
	Active            bool     `json:"active"`
	InvitationPending bool     `json:"invitationPending"`
}

// firstUser numbers the users; what a person's number looks like is not public.
const firstUser = 9012

// users gives the users of the company as the listing has them: an administrator,
// and a technical contact unless the knob says that there is none.
func (s *Server) users(k *Knobs) []wireUser {
	if k.AccountInfo == "empty" {
		return []wireUser{}
	}
	roles := [][3]string{{"Company Admin", "companyAdmin", "admin@sandbox.invalid"}}
	if !k.MissingTechnicalContact {
		roles = append(roles, [3]string{"Technical Contact", "technicalContact", "technical@sandbox.invalid"})
	}
	rows := make([]wireUser, 0, len(roles))
	for i, role := range roles {
		id, employment, position := firstUser+i, 5678+i, 1+i
		uid, kind := [2]string{createdBy, "c2a9a6e1-3d1f-4b58-9c0e-7f5d2b8e4a16"}[i], "EMPLOYEE"
		row := wireUser{
			PersonID: &id, PersonUID: &uid, EmploymentID: &employment, EmploymentType: &kind, PositionID: &position,
			CompanyID: &s.config.Company.ID, CompanyName: &s.config.Company.Name,
			FirstName: "Sandbox", LastName: role[0], Name: "Sandbox " + role[0], Email: role[2],
			Position: role[0], SecurityRoles: []string{role[1]}, Active: true,
		}
		if k.AccountInfo == "uid" {
			row.CompanyUID = &s.config.Company.UID
		}
		rows = append(rows, row)
	}
	return rows
}

func (s *Server) listUsers(c *call) reply {
	if c.knobs.AccountInfo == "refused" {
		return forbidden()
	}
	return ok("Users retrieved successfully", s.users(c.knobs))
}

// getUser reads one user by number. The answer to an unknown one is not public
// (confidence D).
func (s *Server) getUser(c *call) reply {
	if c.knobs.AccountInfo == "refused" {
		return forbidden()
	}
	for _, u := range s.users(c.knobs) {
		if strconv.Itoa(*u.PersonID) == c.params["id"] {
			u.PartyID, u.UID = u.PersonID, u.PersonUID
			u.PersonID, u.PersonUID, u.EmploymentID, u.EmploymentType, u.PositionID = nil, nil, nil, nil, nil
			return ok("Found employee "+c.params["id"], u)
		}
	}
	return fail(http.StatusNotFound, "Could not find an employee with id %s", c.params["id"])
}
