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

// managed gives the name of a managed company, false for one that is not.
func (k *Knobs) managed(uid string) (name string, is bool) {
	i := slices.IndexFunc(k.ManagedCompanies, func(m ManagedCompany) bool { return strings.EqualFold(m.CompanyUID, uid) })
	if i < 0 {
		return "", false
	}
	return k.ManagedCompanies[i].AccountName, true
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
	_, managed := c.knobs.managed(c.company())
	return c.company() != "" && !managed
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

// billingMarkets are the 24 billing markets and the number of the Megaport company
// that bills there (API facts §2.3, confidence A).
var billingMarkets = map[string]int{
	"US": 1558, "AU": 808, "AT": 20442, "BE": 20449, "BG": 4640, "CA": 1652, "CH": 8299, "DE": 4515, "DK": 20447,
	"ES": 30369, "FI": 20440, "FR": 20451, "HK": 819, "IE": 2683, "IT": 30367, "JP": 20453, "LU": 30423, "NL": 2685,
	"NO": 20438, "NZ": 855, "PL": 20444, "SE": 2681, "SG": 817, "UK": 2675,
}

// listMarkets lists the markets that the company can buy in: all but those of the
// knob missingMarkets.
func (s *Server) listMarkets(c *call) reply {
	if c.knobs.AccountInfo == "refused" {
		return forbidden()
	}
	rows := []object{}
	for _, code := range sortedKeys(billingMarkets) {
		if c.knobs.AccountInfo != "empty" && !slices.Contains(c.knobs.MissingMarkets, code) {
			rows = append(rows, s.market(c, code, len(rows)))
		}
	}
	return ok("Markets for company "+strconv.Itoa(s.config.Company.ID), rows)
}

// market is an enabled billing market (API facts §1.8, confidence A). The company is
// named by its number only, secondPartyId.
func (s *Server) market(c *call, code string, n int) object {
	currency := s.config.Prices.currency(code)
	m := object{
		"id": 5000 + n, "wellKnownSupplier": "MEGAPORT_" + code, "supplierName": "Megaport " + code, "currencyEnum": currency, "language": "en",
		"billingContactName": "Sandbox Billing", "billingContactEmail": "billing@sandbox.invalid", "billingContactPhone": "",
		"address1": "1 Sandbox Street", "postcode": "00000", "country": code, "city": "Sandbox", "state": "",
		"invoiceTemplate": "invoice_" + code, "taxRate": 0, "estimateInvoice": 0, "firstPartyId": billingMarkets[code],
		"secondPartyId": s.config.Company.ID, "attachInvoiceToEmail": true, "region": code, "paymentTermInDays": 30,
		"stripeAccountPublishableKey": "", "stripeSupportedBankCurrencies": []string{currency}, "vatExempt": false, "active": true, "securedHash": "",
	}
	if c.knobs.AccountInfo == "uid" {
		m["companyUid"] = s.config.Company.UID
	}
	return m
}

// firstUser numbers the users; what a person's number looks like is not public.
const firstUser = 9012

// users gives the users of the company as the listing has them: an administrator,
// and a technical contact unless the knob says that there is none (API facts §1.8,
// confidence A).
func (s *Server) users(k *Knobs) []object {
	rows := []object{}
	if k.AccountInfo == "empty" {
		return rows
	}
	roles := [][4]string{
		{"Company Admin", "companyAdmin", "admin@sandbox.invalid", createdBy},
		{"Technical Contact", "technicalContact", "technical@sandbox.invalid", "c2a9a6e1-3d1f-4b58-9c0e-7f5d2b8e4a16"},
	}
	if k.MissingTechnicalContact {
		roles = roles[:1]
	}
	for i, role := range roles {
		row := object{
			"personId": firstUser + i, "personUid": role[3], "employmentId": 5678 + i, "employmentType": "EMPLOYEE", "positionId": 1 + i,
			"companyId": s.config.Company.ID, "companyName": s.config.Company.Name, "firstName": "Sandbox", "lastName": role[0],
			"name": "Sandbox " + role[0], "email": role[2], "phone": "", "position": role[0], "securityRoles": []string{role[1]},
			"active": true, "invitationPending": false,
		}
		if k.AccountInfo == "uid" {
			row["companyUid"] = s.config.Company.UID
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

// getUser reads one user by number, which has partyId and uid where the listing has
// personId and personUid (API facts §1.8, confidence A). The answer to an unknown
// number is not public (confidence D).
func (s *Server) getUser(c *call) reply {
	if c.knobs.AccountInfo == "refused" {
		return forbidden()
	}
	for _, u := range s.users(c.knobs) {
		if strconv.Itoa(u["personId"].(int)) == c.params["id"] {
			u["partyId"], u["uid"] = u["personId"], u["personUid"]
			for _, name := range []string{"personId", "personUid", "employmentId", "employmentType", "positionId"} {
				delete(u, name)
			}
			return ok("Found employee "+c.params["id"], u)
		}
	}
	return fail(http.StatusNotFound, "Could not find an employee with id %s", c.params["id"])
}
