package sandbox

import (
	"fmt"
	"testing"
)

// BenchmarkListing10000 lists an account of 10,000 services.
func BenchmarkListing10000(b *testing.B) {
	for name, path := range map[string]string{"memory": "", "file": dataFile(b)} {
		b.Run(name, func(b *testing.B) {
			a := start(b, Config{Data: path})
			crowd(b, a, 10000)
			for b.Loop() {
				a.get("/v2/products").want(200)
			}
		})
	}
}

// BenchmarkReopen10000 opens a data file of 10,000 services as a new process does.
func BenchmarkReopen10000(b *testing.B) {
	path := dataFile(b)
	crowd(b, start(b, Config{Data: path}), 10000)
	for b.Loop() {
		s, err := New(Config{Data: path})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReadByUID reads one product of 10,000.
func BenchmarkReadByUID(b *testing.B) {
	for name, path := range map[string]string{"memory": "", "file": dataFile(b)} {
		b.Run(name, func(b *testing.B) {
			a := start(b, Config{Data: path})
			uids := crowd(b, a, 10000)
			for b.Loop() {
				a.get("/v2/product/" + uids[5000]).want(200)
			}
		})
	}
}

// BenchmarkBuy buys ports, from many goroutines at once.
func BenchmarkBuy(b *testing.B) {
	for name, path := range map[string]string{"memory": "", "file": dataFile(b)} {
		b.Run(name, func(b *testing.B) {
			a := start(b, Config{Data: path})
			b.SetParallelism(50)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if got, err := a.try("POST", "/v3/networkdesign/buy", "["+london+"]"); err != nil || got.status != 200 {
						b.Errorf("status %d: %v", got.status, err)
					}
				}
			})
		})
	}
}

// crowd seeds n services.
func crowd(b *testing.B, a *api, n int) []string {
	b.Helper()
	seeds := make([]Seed, n)
	for i := range seeds {
		seeds[i] = Seed{Name: fmt.Sprintf("port-%05d", i), Zone: "red", CostCentre: "NET-042", Tags: map[string]string{"team": "network"}}
	}
	uids, err := a.server.Seed(seeds...)
	if err != nil {
		b.Fatal(err)
	}
	return uids
}
