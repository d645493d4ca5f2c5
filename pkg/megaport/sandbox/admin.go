package sandbox

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const adminPrefix = "/_sandbox"

// AdminEndpoint is one admin route. Admin routes need no token and meet neither
// latency, nor rate limit, nor faults.
type AdminEndpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Doc    string `json:"doc"`
}

type adminRoute struct {
	AdminEndpoint
	handle func(*Server, *call) reply
}

// AdminEndpoints lists the admin routes, for help texts.
func AdminEndpoints() []AdminEndpoint {
	var out []AdminEndpoint
	for _, r := range adminTable() {
		out = append(out, r.AdminEndpoint)
	}
	return out
}

func adminTable() []adminRoute {
	at := func(method, path, doc string, h func(*Server, *call) reply) adminRoute {
		return adminRoute{AdminEndpoint{method, adminPrefix + path, doc}, h}
	}
	return []adminRoute{
		at("GET", "", "list the admin endpoints, route classes, fault kinds, oddities and knobs", (*Server).adminIndex),
		at("GET", "/knobs", "show all knobs", (*Server).adminKnobs),
		at("PATCH", "/knobs", "set the knobs given as a JSON object, leave the others", (*Server).adminPatchKnobs),
		at("PUT", "/knobs", "set the knobs given as a JSON object, the others to their defaults", (*Server).adminPutKnobs),
		at("GET", "/faults", "show the faults", (*Server).adminFaults),
		at("POST", "/faults", `add faults: a JSON array of objects or of short forms such as "buy:commit-then-drop:n=1"`, (*Server).adminAddFaults),
		at("DELETE", "/faults", "remove all faults", (*Server).adminClearFaults),
		at("GET", "/record", "show what the sandbox saw: counts per route, orders received and committed", (*Server).adminRecord),
		at("POST", "/reset", "empty the account and its record", (*Server).adminReset),
		at("POST", "/services", "add services as they are described, without an order", (*Server).adminSeed),
		at("POST", "/tokens/revoke", "let every token issued so far expire", (*Server).adminRevoke),
		at("GET", "/approvals", "list the order approvals", (*Server).adminApprovals),
		at("POST", "/approvals/{uid}/{decision}", "approve, reject, withdraw or expire an order approval", (*Server).adminDecide),
	}
}

// jsonReply answers an admin call: the value alone, on several lines.
func jsonReply(v any) reply {
	b, err := encode(v)
	if err != nil {
		return adminFail(http.StatusInternalServerError, err)
	}
	value := jsontext.Value(b)
	if err := value.Indent(jsontext.WithIndent("  ")); err != nil {
		return adminFail(http.StatusInternalServerError, err)
	}
	return rawReply(http.StatusOK, contentJSON, append(value, '\n'))
}

func adminFail(status int, err error) reply {
	return rawReply(status, contentJSON, fmt.Appendf(nil, "{\"error\":%s}\n", quoted(err.Error())))
}

func quoted(text string) []byte {
	b, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(text, "?"))
	if err != nil {
		return []byte(`"?"`)
	}
	return b
}

func (s *Server) serveAdmin(c *call) reply {
	for _, r := range adminTable() {
		params, fits := fit(strings.Split(r.Path, "/"), strings.Split(c.path, "/"))
		if !fits || r.Method != c.req.Method {
			continue
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(http.MaxBytesReader(nil, c.req.Body, maxBody)); err != nil {
			return adminFail(http.StatusBadRequest, err)
		}
		c.params, c.body = params, body.Bytes()
		return r.handle(s, c)
	}
	return adminFail(http.StatusNotFound, fmt.Errorf("no admin endpoint %s %s; GET %s lists them", c.req.Method, c.path, adminPrefix))
}

func (s *Server) adminIndex(*call) reply {
	return jsonReply(struct {
		Endpoints  []AdminEndpoint `json:"endpoints"`
		Routes     []Route         `json:"routes"`
		FaultKinds []FaultKind     `json:"faultKinds"`
		Oddities   []Oddity        `json:"oddities"`
		Knobs      []KnobDoc       `json:"knobs"`
	}{AdminEndpoints(), Routes(), FaultKinds(), Oddities(), KnobDocs()})
}

func (s *Server) adminKnobs(*call) reply { return jsonReply(s.Knobs()) }

func (s *Server) adminPatchKnobs(c *call) reply {
	return s.adminSetKnobs(func(k *Knobs) error { return decodeStrict(c.body, k) })
}

func (s *Server) adminPutKnobs(c *call) reply {
	return s.adminSetKnobs(func(k *Knobs) error {
		*k = Knobs{}
		return decodeStrict(c.body, k)
	})
}

func (s *Server) adminSetKnobs(change func(*Knobs) error) reply {
	if err := s.changeKnobs(change); err != nil {
		return adminFail(http.StatusBadRequest, err)
	}
	return jsonReply(s.Knobs())
}

func (s *Server) adminFaults(*call) reply { return jsonReply(nonNil(s.Knobs().Faults)) }

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *Server) adminAddFaults(c *call) reply {
	var items []jsontext.Value
	if err := decode(c.body, &items); err != nil {
		return adminFail(http.StatusBadRequest, fmt.Errorf("want a JSON array of faults: %w", err))
	}
	var faults []Fault
	for _, item := range items {
		f, err := readFault(item)
		if err != nil {
			return adminFail(http.StatusBadRequest, err)
		}
		faults = append(faults, f)
	}
	return s.adminSetFaults(func(k *Knobs) { k.Faults = append(k.Faults, faults...) })
}

func readFault(item jsontext.Value) (Fault, error) {
	if item.Kind() == '"' {
		var text string
		if err := decode(item, &text); err != nil {
			return Fault{}, err
		}
		return ParseFault(text)
	}
	var f Fault
	return f, decodeStrict(item, &f)
}

func (s *Server) adminClearFaults(*call) reply {
	return s.adminSetFaults(func(k *Knobs) { k.Faults = nil })
}

func (s *Server) adminSetFaults(change func(*Knobs)) reply {
	err := s.changeKnobs(func(k *Knobs) error {
		change(k)
		return nil
	})
	if err != nil {
		return adminFail(http.StatusBadRequest, err)
	}
	return s.adminFaults(nil)
}

func (s *Server) adminRecord(*call) reply { return jsonReply(s.Record()) }

func (s *Server) adminReset(*call) reply {
	if err := s.Reset(); err != nil {
		return adminFail(http.StatusServiceUnavailable, err)
	}
	return jsonReply(map[string]bool{"reset": true})
}

func (s *Server) adminRevoke(*call) reply {
	s.tokens.revokeAll()
	return jsonReply(map[string]bool{"revoked": true})
}

func (s *Server) adminSeed(c *call) reply {
	var seeds []Seed
	if err := decodeStrict(c.body, &seeds); err != nil {
		return adminFail(http.StatusBadRequest, fmt.Errorf("want a JSON array of services: %w", err))
	}
	uids, err := s.Seed(seeds...)
	if err != nil {
		return adminFail(http.StatusBadRequest, err)
	}
	return jsonReply(map[string][]string{"uids": nonNil(uids)})
}

func (s *Server) adminApprovals(c *call) reply {
	var rows []wireApproval
	err := s.store.view(func(st *state) { rows = s.approvalRows(st, c) })
	if err != nil {
		return adminFail(http.StatusServiceUnavailable, err)
	}
	return jsonReply(rows)
}

func (s *Server) adminDecide(c *call) reply {
	status, known := map[string]string{
		"approve": approvalApproved, "reject": approvalRejected, "withdraw": approvalWithdrawn, "expire": approvalExpired,
	}[c.params["decision"]]
	if !known {
		return adminFail(http.StatusNotFound, fmt.Errorf("%q is none of approve, reject, withdraw, expire", c.params["decision"]))
	}
	return s.decide(c.knobs, c.params["uid"], status, "")
}
