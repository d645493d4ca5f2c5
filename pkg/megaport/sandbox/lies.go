package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// orderLieKinds carry another order out than the one that came, and answer of what
// was made.
func orderLieKinds() []FaultKind {
	as := func(_ *Server, _ *call, r reply) reply { return r }
	lie := func(name, doc string, order func(*purchase, *order)) FaultKind {
		return FaultKind{Name: name, Doc: doc, Routes: []string{classBuy}, Commits: true, Lies: true, answer: as, order: order}
	}
	return []FaultKind{
		lie("wrong-site", "make the service at another location that offers the speed", func(p *purchase, o *order) { o.moveAway(p) }),
		lie("partial-lag", "make only half of the ports of a LAG, at least one", func(_ *purchase, o *order) {
			if o.LAGPorts != nil && *o.LAGPorts > 1 {
				half := *o.LAGPorts / 2
				o.LAGPorts = &half
			}
		}),
		lie("new-lag", "make a LAG of its own instead of letting one grow", func(_ *purchase, o *order) { o.Aggregation = 0 }),
		lie("split-lag", "give the ports of a LAG two aggregation ids", func(_ *purchase, o *order) { o.split = true }),
		lie("renamed", "make the service under another name, which ends in (1)", func(_ *purchase, o *order) { o.ProductName += " (1)" }),
		lie("untagged", "make the service without its resource tags", func(_ *purchase, o *order) { o.Tags = nil }),
	}
}

// moveAway sends the order to the first other location that could take it.
func (o *order) moveAway(p *purchase) {
	for _, l := range p.s.locationsNow(p.c.knobs) {
		if l.ID != o.LocationID && l.Status == statusActive && slices.Contains(l.speeds(), o.PortSpeed) {
			o.LocationID, o.Config.DiversityZone = l.ID, ""
			return
		}
	}
}

// answerLieKinds carry an order out and name other UIDs than those that were made.
func answerLieKinds() []FaultKind {
	lie := func(name, doc string, change func(*Server, *call, []wireService) []wireService) FaultKind {
		return FaultKind{Name: name, Doc: doc, Routes: []string{classBuy}, Commits: true, Lies: true, answer: func(s *Server, c *call, r reply) reply {
			if items, isBuy := r.data.([]wireService); isBuy && len(items) > 0 {
				r.data = change(s, c, slices.Clone(items))
			}
			return r
		}}
	}
	return []FaultKind{
		lie("other-uids-after-commit", "carry the order out, then answer with the UIDs of the latest other services, or with unknown ones", func(_ *Server, c *call, items []wireService) []wireService {
			for i := range items {
				items[i].TechnicalServiceUID = c.other(i)
			}
			return items
		}),
		lie("more-uids-after-commit", "carry the order out, then answer with the UID of the latest other service as well, or with an unknown one", func(_ *Server, c *call, items []wireService) []wireService {
			more := items[0]
			more.TechnicalServiceUID = c.other(0)
			return append(items, more)
		}),
		lie("unknown-uids-after-commit", "carry the order out, then answer with UIDs that nobody has", func(_ *Server, _ *call, items []wireService) []wireService {
			for i := range items {
				items[i].TechnicalServiceUID = newUUID()
			}
			return items
		}),
		lie("upper-uids-after-commit", "carry the order out, then answer with the UIDs in upper case", func(_ *Server, _ *call, items []wireService) []wireService {
			for i := range items {
				items[i].TechnicalServiceUID = strings.ToUpper(items[i].TechnicalServiceUID)
			}
			return items
		}),
		lie("reversed-uids-after-commit", "carry the order out, then answer with the UIDs in reverse", func(_ *Server, _ *call, items []wireService) []wireService {
			slices.Reverse(items)
			return items
		}),
		lie("double-uids-after-commit", "carry the order out, then answer with each UID twice", func(_ *Server, _ *call, items []wireService) []wireService {
			return append(items, items...)
		}),
	}
}

// other gives the UID of the latest service but n that the call did not make.
func (c *call) other(n int) string {
	if n < len(c.others) {
		return c.others[n]
	}
	return newUUID()
}

// refusedByAPIKinds answer with a refusal that nothing was seen to give, or after
// the order is bought all the same. The option body makes them a gateway's.
func refusedByAPIKinds() []FaultKind {
	says := func(code int, text string) func(*Server, *call, reply) reply {
		return func(*Server, *call, reply) reply { return fail(code, "%s", text) }
	}
	kind := func(code int, text string) FaultKind {
		return FaultKind{Name: strconv.Itoa(code), Doc: fmt.Sprintf("answer %d without doing anything", code), answer: says(code, text)}
	}
	after := func(code int, answer func(*Server, *call, reply) reply) FaultKind {
		return FaultKind{
			Name: fmt.Sprintf("%d-after-commit", code), Doc: fmt.Sprintf("carry the request out, then answer %d as if it had been refused", code),
			Commits: true, Lies: true, answer: answer,
		}
	}
	return []FaultKind{
		kind(400, "Bad request"), kind(405, "Method not allowed"), kind(410, "Gone"), kind(422, "Validation failed"),
		{Name: "404-no-endpoint", Doc: "answer 404, that there is no such endpoint, without doing anything", answer: func(_ *Server, c *call, _ reply) reply { return c.noEndpoint() }},
		after(400, says(400, "Validation failed")),
		after(401, func(*Server, *call, reply) reply { return unauthorised() }),
		after(403, func(*Server, *call, reply) reply { return forbidden() }),
		after(404, func(_ *Server, c *call, _ reply) reply { return c.noEndpoint() }),
		after(429, tooManyRequests),
	}
}

// Forms of the body of an error that a fault gives.
const (
	bodyBare = "bare"
	bodyHTML = "html"
)

// spoilt gives an error the body that the fault asks for; the envelope when it asks
// for none.
func (f *Fault) spoilt(r reply) reply {
	if f.Body == "" || r.status < 400 {
		return r
	}
	out := bare(r.status)
	if f.Body == bodyHTML {
		out = rawReply(r.status, "text/html", htmlPage(r.status))
	}
	out.header, out.delay = r.header, r.delay
	return out
}

// emptyAnswerKinds answer a read with success and say nothing.
func emptyAnswerKinds() []FaultKind {
	reads := []string{
		classLocations, classRegions, classMarket, classUsers, classManaged, classValidate, classProducts, classProduct,
		classTags, classCharges, classApprovals,
	}
	says := func(name, doc string, r reply) FaultKind {
		return FaultKind{Name: name, Doc: doc, Routes: reads, Lies: true, answer: func(*Server, *call, reply) reply { return r }}
	}
	return []FaultKind{
		says("204", "answer 204 without a body", rawReply(http.StatusNoContent, contentJSON, []byte{})),
		says("202-empty", "answer 202 with empty data", reply{status: http.StatusAccepted, message: "accepted", data: []struct{}{}}),
		says("null-data", "answer 200 with null for data", ok("ok", nullData())),
		says("empty-data", "answer 200 with an empty array for data", ok("ok", []struct{}{})),
		says("object-data", "answer 200 with an object for data that holds an empty page", ok("ok", map[string]any{"content": []struct{}{}, "totalElements": 0})),
		{Name: "slow-body", Doc: "carry the request out and answer rightly, the body in twenty pieces over the option wait (over sockets; in process it is all late)", Commits: true, answer: func(_ *Server, c *call, r reply) reply {
			r.trickle = c.fault.wait()
			return r
		}},
	}
}
