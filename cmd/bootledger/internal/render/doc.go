// Package render turns the values of bootledger's packages into what a user
// sees: tables and sentences for people, JSON for programs. The shape of the
// JSON is a contract; its types live here and not on the values themselves.
package render
