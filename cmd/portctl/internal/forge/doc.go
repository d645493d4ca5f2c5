// Package forge talks to GitHub and GitLab about the review of an inventory: the one
// comment on a pull request, the one issue about drift, and the plans of what was
// merged. It decides what is to be written from values alone (decide.go) and sends it
// with few requests over net/http.
//
// It must not know what a plan is: it carries text with a marker, and files. Tokens
// stand in headers only, and go to no other host.
package forge
