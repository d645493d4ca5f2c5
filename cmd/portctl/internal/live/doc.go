// Package live shows a run while it goes on. It is a consumer of the events of
// pkg/apply and owns nothing but their looks.
package live
