// Package weaken takes protections away, one at a time, to prove that each is
// needed: without it a test fails. It owns the names of the protections and the
// question whether one is off.
//
// The question can only be answered yes in a program that was built with the
// build tag "weaken". In every other one the answer is the constant false, so
// that nothing of this is left in it; a test looks into the binary to see that.
//
// It must not know what a protection does.
package weaken
