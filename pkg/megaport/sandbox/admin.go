package sandbox

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const adminPrefix = "/_sandbox"

// adminRoute is one admin route. Admin routes need no token and meet neither
// latency, nor rate limit, nor faults.
type adminRoute struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Doc    string `json:"doc"`

	handle func(*Server, *call) reply
}

// adminRoutes is the table of admin routes; docs/sandbox.md is made from it.
var adminRoutes = []adminRoute{
	admin("GET", "", "list the admin endpoints, route classes, fault kinds, oddities and knobs", nil), // adminIndex, which lists this table
	admin("GET", "/knobs", "show all knobs", turn(nil)),
	admin("PATCH", "/knobs", "set the knobs given as a JSON object, leave the others", turn(func(k *Knobs, body []byte) error {
		return decodeStrict(body, k)
	})),
	admin("PUT", "/knobs", "set the knobs given as a JSON object, the others to their defaults", turn(func(k *Knobs, body []byte) (err error) {
		*k, err = ParseKnobs(body)
		return err
	})),
	admin("GET", "/faults", "show the faults", turn(nil)),
	admin("POST", "/faults", `add faults: a JSON array of objects or of short forms such as "buy:commit-then-drop:n=1"`, turn(func(k *Knobs, body []byte) error {
		var more []Fault
		err := decodeStrict(body, &more)
		k.Faults = append(k.Faults, more...)
		return err
	})),
	admin("DELETE", "/faults", "remove all faults", turn(func(k *Knobs, _ []byte) error {
		k.Faults = nil
		return nil
	})),
	admin("GET", "/record", "show what the sandbox saw: counts per route, orders received and committed", (*Server).adminRecord),
	admin("POST", "/reset", "empty the account and its record", (*Server).adminReset),
	admin("POST", "/services", "add services as they are described, without an order", (*Server).adminSeed),
	admin("POST", "/tokens/revoke", "let every token issued so far expire", (*Server).adminRevoke),
	admin("GET", "/approvals", "list the order approvals", (*Server).adminApprovals),
	admin("POST", "/approvals/{uid}/{decision}", "approve, reject, withdraw or expire an order approval", (*Server).adminDecide),
}

func admin(method, path, doc string, h func(*Server, *call) reply) adminRoute {
	return adminRoute{method, adminPrefix + path, doc, h}
}

func (s *Server) serveAdmin(c *call) reply {
	for _, r := range adminRoutes {
		params, fits := fit(r.Path, c.path)
		if !fits || r.Method != c.req.Method {
			continue
		}
		body, err := io.ReadAll(http.MaxBytesReader(nil, c.req.Body, maxBody))
		if err != nil {
			return adminFail(http.StatusBadRequest, err)
		}
		c.params, c.body = params, body
		if r.handle == nil {
			return adminIndex()
		}
		return r.handle(s, c)
	}
	return adminFail(http.StatusNotFound, fmt.Errorf("no admin endpoint %s %s; GET %s lists them", c.req.Method, c.path, adminPrefix))
}

// adminReply answers with the value alone, on several lines, or with an error.
func adminReply(v any, err error) reply {
	if err != nil {
		return adminFail(http.StatusBadRequest, err)
	}
	b, err := encode(v)
	value := jsontext.Value(b)
	if err := cmp.Or(err, value.Indent(jsontext.WithIndent("  "))); err != nil {
		return adminFail(http.StatusInternalServerError, err)
	}
	return rawReply(http.StatusOK, contentJSON, append(value, '\n'))
}

func adminFail(status int, err error) reply {
	message, _ := encode(map[string]string{"error": strings.ToValidUTF8(err.Error(), "?")}) // text: it can be encoded
	return rawReply(status, contentJSON, append(message, '\n'))
}

func adminIndex() reply {
	return adminReply(object{"endpoints": adminRoutes, "routes": routes, "faultKinds": faultKinds, "oddities": oddities, "knobs": KnobDocs()}, nil)
}

// turn is a door to the knobs: it changes them as the body says, if it changes
// anything, and shows them, or the faults among them.
func turn(change func(k *Knobs, body []byte) error) func(*Server, *call) reply {
	return func(s *Server, c *call) reply {
		if change != nil {
			if err := s.changeKnobs(func(k *Knobs) error { return change(k, c.body) }); err != nil {
				return adminReply(nil, err)
			}
		}
		if strings.HasSuffix(c.path, "/faults") {
			return adminReply(s.Knobs().Faults, nil)
		}
		return adminReply(s.Knobs(), nil)
	}
}

func (s *Server) adminRecord(*call) reply { return adminReply(s.Record(), nil) }

func (s *Server) adminReset(*call) reply {
	return adminReply(map[string]bool{"reset": true}, s.Reset())
}

func (s *Server) adminRevoke(*call) reply {
	s.tokens.revokeAll()
	return adminReply(map[string]bool{"revoked": true}, nil)
}

func (s *Server) adminSeed(c *call) reply {
	var seeds []Seed
	if err := decodeStrict(c.body, &seeds); err != nil {
		return adminReply(nil, fmt.Errorf("want a JSON array of services: %w", err))
	}
	uids, err := s.Seed(seeds...)
	return adminReply(map[string][]string{"uids": uids}, err)
}

func (s *Server) adminApprovals(c *call) reply {
	var rows []object
	err := s.store.view(func(st *state) { rows = s.approvalRows(st, c) })
	return adminReply(rows, err)
}

func (s *Server) adminDecide(c *call) reply {
	status, known := decisions[c.params["decision"]]
	if !known {
		return adminFail(http.StatusNotFound, fmt.Errorf("%q is none of approve, reject, withdraw, expire", c.params["decision"]))
	}
	return s.decide(c.knobs, c.params["uid"], status, "")
}
