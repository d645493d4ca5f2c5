package sandbox

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Approval states and the type of a new order (API facts §3.5, confidence A).
const (
	approvalPending   = "PENDING"
	approvalApproved  = "APPROVED"
	approvalRejected  = "REJECTED"
	approvalFailed    = "FAILED"
	approvalWithdrawn = "WITHDRAWN"
	approvalExpired   = "EXPIRED"
	approvalType      = "NEW_ORDER"
)

// wireApproval is an order approval. Statuses, types and pagination headers are
// known; the other fields are the sandbox's guess (confidence D).
type wireApproval struct {
	UID         string         `json:"uid"`
	Status      string         `json:"status"`
	Type        string         `json:"type"`
	ServiceIDs  []string       `json:"serviceIds"` // UIDs, once approved
	ServiceName string         `json:"serviceName"`
	ProductType string         `json:"productType"`
	CompanyUID  string         `json:"companyUid"`
	CompanyName string         `json:"companyName"`
	CreateDate  int64          `json:"createDate"`
	DecidedDate *int64         `json:"decidedDate"`
	RequestedBy string         `json:"requestedBy"`
	Comments    *string        `json:"comments"`
	Order       jsontext.Value `json:"order"`
}

func (s *Server) wireApproval(a *approval) wireApproval {
	return wireApproval{
		UID: a.UID, Status: a.Status, Type: approvalType, ServiceIDs: a.UIDs, ServiceName: a.Name,
		ProductType: "MEGAPORT", CompanyUID: s.config.Company.UID, CompanyName: s.config.Company.Name,
		CreateDate: a.CreatedAt, DecidedDate: nullableMillis(a.DecidedAt), RequestedBy: createdBy,
		Comments: nullable(a.Comments), Order: a.Order,
	}
}

// Page sizes of the approvals listing (confidence D).
const (
	defaultPageSize = 100
	maxPageSize     = 1000
)

// listApprovals pages by headers (API facts §3.5, confidence A). Pages count from
// 1, and page 0 is the first as well (confidence D).
func (s *Server) listApprovals(c *call) reply {
	page, size, err := pageOf(c)
	if err != nil {
		return fail(http.StatusBadRequest, "%s", err.Error())
	}
	var all []*approval
	if err := s.store.view(func(st *state) { all = slices.Collect(maps.Values(st.approvals)) }); err != nil {
		return s.unavailable(err)
	}
	all = slices.DeleteFunc(all, func(a *approval) bool { return !wantsApproval(c, a) })
	slices.SortFunc(all, func(a, b *approval) int { return a.Seq - b.Seq })
	if strings.EqualFold(c.query.Get("direction"), "desc") {
		slices.Reverse(all)
	}
	first := min((page-1)*size, len(all))
	rows := []wireApproval{}
	for _, a := range all[first:min(first+size, len(all))] {
		rows = append(rows, s.wireApproval(a))
	}
	return ok("Found order approvals", rows).
		withHeader("Pagination-Total-Count", strconv.Itoa(len(all))).
		withHeader("Pagination-Page", strconv.Itoa(page)).
		withHeader("Pagination-Limit", strconv.Itoa(size)).
		withHeader("Pagination-Total-Page", strconv.Itoa((len(all)+size-1)/size))
}

func wantsApproval(c *call, a *approval) bool {
	if statuses := listParam(c.query["status"]); len(statuses) > 0 && !containsFold(statuses, a.Status) {
		return false
	}
	ids := listParam(c.query["serviceIds"])
	return len(ids) == 0 || slices.ContainsFunc(a.UIDs, func(uid string) bool { return slices.Contains(ids, uid) })
}

func pageOf(c *call) (page, size int, err error) {
	page, size = 1, defaultPageSize
	for name, dst := range map[string]*int{"pageNumber": &page, "pageSize": &size} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		if *dst, err = strconv.Atoi(text); err != nil || *dst < 0 || *dst > 1_000_000 {
			return 0, 0, fmt.Errorf("%s %q is not a number of at least 0", name, text)
		}
	}
	return max(page, 1), min(max(size, 1), maxPageSize), nil
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
	status, known := map[string]string{
		"approve": approvalApproved, "reject": approvalRejected, "withdraw": approvalWithdrawn,
	}[c.params["decision"]]
	if !known {
		return c.noEndpoint()
	}
	return s.decide(c.knobs, c.params["uid"], status, body.Comments)
}

// decide settles a pending approval; an approved order is bought now.
func (s *Server) decide(k *Knobs, uid, status, comments string) reply {
	var r reply
	err := s.store.update(func(t *tx) {
		a := t.approvals[uid]
		switch {
		case a == nil:
			r = fail(http.StatusNotFound, "Could not find an order approval with UID %s", uid)
			return
		case a.Status != approvalPending:
			r = fail(http.StatusBadRequest, "Order approval %s is %s already", uid, a.Status)
			return
		}
		decided := *a
		decided.Status, decided.Comments, decided.DecidedAt = status, comments, t.now.UnixMilli()
		if status == approvalApproved {
			s.buyApproved(t, k, &decided)
		}
		t.saveApproval(&decided)
		r = ok("Order approval "+uid+" is "+decided.Status, s.wireApproval(&decided))
	})
	if err != nil {
		return s.unavailable(err)
	}
	return r
}

// buyApproved carries the order out, or marks the approval FAILED when the order
// can not be carried out any more.
func (s *Server) buyApproved(t *tx, k *Knobs, a *approval) {
	o := &order{}
	if err := decode(a.Order, o); err != nil {
		a.Status, a.Comments = approvalFailed, err.Error()
		return
	}
	in := &inspection{st: t.state, knobs: k, places: s.places(k), buying: true}
	if problems := in.one(o); len(problems) > 0 {
		a.Status, a.Comments = approvalFailed, joinProblems(problems)
		return
	}
	a.UIDs = []string{}
	for _, v := range s.createServices(t, k, o, in.zone(o)) {
		a.UIDs = append(a.UIDs, v.UID)
	}
	for _, rec := range t.orders {
		if rec.Seq == a.OrderSeq {
			done := *rec
			done.Committed, done.UIDs = true, a.UIDs
			t.saveOrder(&done)
			return
		}
	}
}
