package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Approval states that the code asks for (API facts §3.5, confidence A).
const (
	approvalPending  = "PENDING"
	approvalApproved = "APPROVED"
	approvalFailed   = "FAILED"
)

// decisions are the states that a pending approval is brought to, by the name of the
// action.
var decisions = map[string]string{"approve": approvalApproved, "reject": "REJECTED", "withdraw": "WITHDRAWN", "expire": "EXPIRED"}

// approval renders an order approval as the official client reads it (API facts
// §3.5, confidence A). What detail holds is not public: here the order as it came
// (confidence D).
func (s *Server) approval(st *state, a *approval) object {
	company := s.config.Company
	var serviceID *int // a product id, once approved
	if ids := st.productIDs(a); len(ids) > 0 {
		serviceID = &ids[0]
	}
	return object{
		"uid": a.UID, "id": firstApprovalID + a.Seq, "referenceId": fmt.Sprintf("REF-%d", a.Seq),
		"status": a.Status, "type": "NEW_ORDER", "active": a.Status == approvalPending,
		"acctName": company.Name, "acctRef": strconv.Itoa(company.ID),
		"approverCompanyId": company.ID, "requesterCompanyId": company.ID, "serviceId": serviceID,
		"comment": nullable(a.Comments), "createDate": a.CreatedAt + s.knobs.Load().DateSkew.Milliseconds(), "detail": a.Order,
	}
}

// productIDs are the numbers of what an approval created.
func (st *state) productIDs(a *approval) []int {
	var ids []int
	for _, uid := range a.UIDs {
		if v := st.services.docs[uid]; v != nil {
			ids = append(ids, v.ProductID)
		}
	}
	return ids
}

// listApprovals pages by headers, the latest first (API facts §3.5, confidence A).
// Pages count from 1; page 0 is the first as well, and a page that is too large is
// cut (confidence D).
func (s *Server) listApprovals(c *call) reply {
	page, size, err := pageOf(c)
	if err != nil {
		return fail(http.StatusBadRequest, "%s", err.Error())
	}
	return s.read(func(st *state) reply {
		all := s.approvalRows(st, c)
		if !strings.EqualFold(c.query.Get("direction"), "asc") {
			slices.Reverse(all)
		}
		first := min((page-1)*size, len(all))
		return ok("Found order approvals", all[first:min(first+size, len(all))]).
			withHeader("Pagination-Total-Count", strconv.Itoa(len(all))).
			withHeader("Pagination-Page", strconv.Itoa(page)).
			withHeader("Pagination-Limit", strconv.Itoa(size)).
			withHeader("Pagination-Total-Page", strconv.Itoa((len(all)+size-1)/size))
	})
}

// approvalRows are the approvals that a call's query asks for, oldest first.
func (s *Server) approvalRows(st *state, c *call) []object {
	statuses, ids := listParam(c.query["status"]), listParam(c.query["serviceIds"])
	rows := []object{}
	for _, a := range st.approvals.sorted(func(a *approval) int { return a.Seq }) {
		mine := func(id int) bool { return slices.Contains(ids, strconv.Itoa(id)) }
		if len(statuses) > 0 && !containsFold(statuses, a.Status) || len(ids) > 0 && !slices.ContainsFunc(st.productIDs(a), mine) {
			continue
		}
		rows = append(rows, s.approval(st, a))
	}
	return rows
}

func pageOf(c *call) (page, size int, err error) {
	page, size = 1, 10 // page sizes: API facts §3.5, confidence A
	for name, dst := range map[string]*int{"pageNumber": &page, "pageSize": &size} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		if *dst, err = strconv.Atoi(text); err != nil || *dst < 0 || *dst > 1_000_000 {
			return 0, 0, fmt.Errorf("%s %q is not a number of at least 0", name, text)
		}
	}
	if c.knobs.ApprovalPagesFromZero {
		if c.query.Get("pageNumber") == "" {
			page = 0
		}
		page++
	}
	return max(page, 1), min(max(size, 1), 100), nil
}

// decideApproval answers approve, reject and withdraw.
func (s *Server) decideApproval(c *call) reply {
	var body struct {
		Comments string `json:"comments"`
	}
	if len(bytes.TrimSpace(c.body)) > 0 {
		if err := decode(c.body, &body); err != nil {
			return badBody(err)
		}
	}
	status, known := decisions[c.params["decision"]]
	if !known || status == decisions["expire"] { // nobody decides that
		return c.noEndpoint()
	}
	return s.decide(c.knobs, c.params["uid"], status, body.Comments)
}

// decide ends a pending approval; an approved order is bought now.
func (s *Server) decide(k *Knobs, uid, status, comments string) reply {
	return s.update(func(t *tx) reply {
		a := t.approvals.docs[uid]
		switch {
		case a == nil:
			return fail(http.StatusNotFound, "Could not find an order approval with UID %s", uid)
		case a.Status != approvalPending:
			return fail(http.StatusBadRequest, "Order approval %s is %s already", uid, a.Status)
		}
		decided := *a
		decided.Status, decided.Comments, decided.DecidedAt = status, comments, t.now.UnixMilli()
		if status == approvalApproved {
			s.buyApproved(t, k, &decided)
		}
		t.approvals.put(uid, &decided)
		return ok("Order approval "+uid+" is "+decided.Status, s.approval(t.state, &decided))
	})
}

// buyApproved carries the order out, or marks the approval FAILED when the order
// cannot be carried out any more.
func (s *Server) buyApproved(t *tx, k *Knobs, a *approval) {
	o, err := readOrder(a.Order)
	if err != nil {
		a.Status, a.Comments = approvalFailed, err.Error()
		return
	}
	in := &inspection{st: t.state, knobs: k, places: s.places(k), buying: true}
	if problems := in.one(o); len(problems) > 0 {
		a.Status, a.Comments = approvalFailed, problems.String()
		return
	}
	o = o.altered(k, a.CompanyUID)
	a.UIDs = []string{}
	for _, v := range s.createServices(t, k, o, in.zone(o)) {
		a.UIDs = append(a.UIDs, v.UID)
	}
	for _, rec := range t.orders.docs {
		if rec.Seq == a.OrderSeq {
			done := *rec
			done.Committed, done.UIDs = true, a.UIDs
			t.saveOrder(&done)
			return
		}
	}
}
