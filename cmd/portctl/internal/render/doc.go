// Package render draws plans, results and tables for people: as text for a
// terminal (PlanText, ResultText, SitesText) and as Markdown for a pull request
// (PlanMarkdown).
//
// It owns wording and layout. It must not compute anything that another output
// could compute differently: every number comes from the plan or the result.
// Functions take values and a writer; width and colour are options; there is no
// clock and no terminal here.
//
// Names and messages come from the account, the API and the inventory, and are
// made harmless for where they are drawn: Clean shows what a terminal would obey
// as an escape, and Markdown is escaped so that no text ends a table cell or a
// block, mentions a person or refers to an issue.
package render
