package megaport

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// vxcHeavy is a listing of so many ports, each with so many bytes of VXCs around
// it, made up as it is read.
func vxcHeavy(ports, vxcBytes int) io.Reader {
	const vxc = `{"productUid":"v","productName":"a VXC","nested":{"aEnd":{"vlan":[1,2,3]},"bEnd":{"name":"x"}}}`
	pieces := []io.Reader{strings.NewReader(`{"message":"m","data":[`)}
	for i := range ports {
		if i > 0 {
			pieces = append(pieces, strings.NewReader(","))
		}
		pieces = append(pieces, strings.NewReader(`{"associatedVxcs":[`+vxc),
			io.LimitReader(&repeated{text: "," + vxc}, int64(vxcBytes/(len(vxc)+1)*(len(vxc)+1))),
			strings.NewReader(`],`+strings.ReplaceAll(strictPort, "u-1", fmt.Sprintf("u-%d", i))+`}`))
	}
	return io.MultiReader(append(pieces, strings.NewReader(`]}`))...)
}

type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c := copy(p[n:], r.text[r.at:])
		n, r.at = n+c, (r.at+c)%len(r.text)
	}
	return n, nil
}

// All memory that is ever asked for, not only what is held at one time, stays far
// below the size of the VXCs.
func TestListingMemoryGrowsWithPorts(t *testing.T) {
	const size = 24 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l, err := decodeProducts(vxcHeavy(4, size/4))
	runtime.ReadMemStats(&after)
	if err != nil || len(l.Ports) != 4 {
		t.Fatalf("%d ports, %v", len(l.Ports), err)
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > size/8 {
		t.Errorf("%d KB were asked for to read %d KB", used>>10, size>>10)
	}
}

func TestVXCsAreCounted(t *testing.T) {
	body := `{"data":{"associatedVxcs":[{},{"a":[1]},null],` + strictPort + `}}`
	p, err := decodeProduct(strings.NewReader(body), "u-1", noSecrets)
	if err != nil || p.VXCs != 3 {
		t.Errorf("%d VXCs, %v", p.VXCs, err)
	}
	p, err = decodeProduct(strings.NewReader(`{"data":{"associatedVxcs":null,`+strictPort+`}}`), "u-1", noSecrets)
	if err != nil || p.VXCs != 0 {
		t.Errorf("%d VXCs, %v", p.VXCs, err)
	}
}

func BenchmarkDecodeProducts(b *testing.B) {
	var body strings.Builder
	if _, err := io.Copy(&body, vxcHeavy(1000, 4000)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(body.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeProducts(strings.NewReader(body.String())); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeLocations(b *testing.B) {
	one := strings.TrimSpace(exchange(b, "locations-v3.json"))
	start, end := strings.Index(one, "[")+1, strings.LastIndex(one, "]")
	body := one[:start] + strings.Repeat(one[start:end]+",", 799) + one[start:]
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if l, err := decodeLocations(strings.NewReader(body)); err != nil || len(l) != 800 {
			b.Fatal(len(l), err)
		}
	}
}

func BenchmarkOrderJSON(b *testing.B) {
	order := testOrder()
	order.Tags = map[string]string{"portctl-inventory": "emea-core", "portctl-order": "abc", "managed-by": "portctl"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := orderBody(order); err != nil {
			b.Fatal(err)
		}
	}
}

// Ports are gathered in lists of a size; none is lost or moved where one list ends.
func TestListingKeepsEveryPortInOrder(t *testing.T) {
	for _, n := range []int{0, 1, portsAtATime - 1, portsAtATime, portsAtATime + 1, 2*portsAtATime + 1} {
		l, err := decodeProducts(vxcHeavy(n, 0))
		if err != nil || len(l.Ports) != n {
			t.Fatalf("%d ports of %d, %v", len(l.Ports), n, err)
		}
		for i, p := range l.Ports {
			if want := fmt.Sprintf("u-%d", i); p.UID != want {
				t.Fatalf("of %d, port %d is %q, want %q", n, i, p.UID, want)
			}
		}
	}
}
