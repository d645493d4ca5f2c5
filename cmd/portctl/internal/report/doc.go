// Package report draws a plan, or how far a rollout is, as one HTML page for people who
// have no terminal: verdict, money, checks, map, timeline, calendar and a table of ports.
//
// It owns the page, its words and its pictures. The page is one file that fetches
// nothing, which its own policy (CSP) forbids. It must not know the API, the ledger or
// the commands: everything on the page comes from its Input, and so does each time.
package report
