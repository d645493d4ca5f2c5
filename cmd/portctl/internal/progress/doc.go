// Package progress shows a run while it goes on, and how far ports are.
//
// It is a consumer of the events of pkg/apply and owns nothing but their looks:
// Progress folds the events into numbers, Lines and View show them, Screen keeps
// what is drawn in place apart from what is printed. It must not know how a run
// works, and it never asks the API for anything.
package progress
