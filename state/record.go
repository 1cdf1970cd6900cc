package state

import "time"

// Entry is what one path held, as it was recorded. Times are kept so that a
// path that goes back gets its old one; comparisons leave them out.
type Entry struct {
	Type   string    `json:"type"` // file, symlink, dir, other
	Mode   string    `json:"mode"` // octal with a leading 0, as in "0755"
	UID    int       `json:"uid"`  // as the guest sees it
	GID    int       `json:"gid"`
	MTime  time.Time `json:"mtime,omitzero"`
	Target string    `json:"target,omitempty"`
	SHA256 string    `json:"sha256,omitempty"` // of a file: the blob that holds its content
	Size   int64     `json:"size"`
}

// Change is what happened to one path. A nil side means that nothing was there.
type Change struct {
	Path   string `json:"path"`
	Before *Entry `json:"before"`
	After  *Entry `json:"after"`
}

// Operation is one step of a transaction as a user would tell it; its effect is
// in the transaction's changes. The fields in use depend on Op: move_link and
// park_script have Path and To, write_file and remove_file Path, edit_file Path,
// Edit, and Line with Before or After or both, or To, insserv Args and what follows.
type Operation struct {
	Op     string   `json:"op"`
	Path   string   `json:"path,omitempty"`
	To     string   `json:"to,omitempty"`
	Script string   `json:"script,omitempty"`
	Args   []string `json:"args,omitempty"`
	Engine string   `json:"engine,omitempty"` // native or insserv
	How    string   `json:"how,omitempty"`    // when taking back: exact or decision
	Edit   string   `json:"edit,omitempty"`   // which edit of the profile
	Line   int      `json:"line,omitempty"`   // its number when the edit was made
	Before string   `json:"before,omitempty"` // the line, empty if one was added
	After  string   `json:"after,omitempty"`
	Reason string   `json:"reason,omitempty"`

	ExitCode *int   `json:"exit_code,omitempty"`
	Stdout   string `json:"stdout,omitempty"`
	Stderr   string `json:"stderr,omitempty"`
}

// Intent is the standing decision that a script stays disabled.
type Intent struct {
	Script      string   `json:"script"`
	Transaction uint64   `json:"transaction"` // the one that took the decision
	Method      string   `json:"method"`      // links or insserv
	Reason      string   `json:"reason"`
	Links       []string `json:"links"` // the paths of the links it had when it was disabled
}

// Decision is the change of one intent by a transaction. A nil side means that
// no decision stood.
type Decision struct {
	Script string  `json:"script"`
	Before *Intent `json:"before"`
	After  *Intent `json:"after"`
}

// Actor says who made a transaction.
type Actor struct {
	UID      int      `json:"uid"`
	User     string   `json:"user"`
	SudoUser string   `json:"sudo_user"`
	Host     string   `json:"host"`
	Argv     []string `json:"argv"`
}

// Kind is the verb that made a transaction.
type Kind string

// The kinds of transactions.
const (
	Convert  Kind = "convert"
	Disable  Kind = "disable"
	Enable   Kind = "enable"
	Undo     Kind = "undo"
	Redo     Kind = "redo"
	Rollback Kind = "rollback"
	Reapply  Kind = "reapply"
)

// Outcome says how a transaction ended.
type Outcome string

// A committed transaction is in force unless a later one took it back; an
// interrupted one was taken back at once, by an error or after a crash.
const (
	Committed   Outcome = "committed"
	Interrupted Outcome = "interrupted"
)

// Package is a Debian package whose version matters to a transaction.
type Package struct {
	Name   string `json:"name"`
	Before string `json:"before"` // version, empty if it was not installed
	After  string `json:"after"`
}

// Transaction is one record of the ledger. Once appended it never changes.
type Transaction struct {
	ID         uint64            `json:"id"`
	Nonce      string            `json:"nonce"` // 16 random bytes in hex: two ledgers never share a record
	Time       time.Time         `json:"time"`
	Kind       Kind              `json:"kind"`
	Outcome    Outcome           `json:"outcome"`
	Error      string            `json:"error,omitempty"` // why it was interrupted
	Actor      Actor             `json:"actor"`
	Comment    string            `json:"comment"`
	Profile    string            `json:"profile,omitempty"` // convert: whose verdicts it followed, and how far
	Level      string            `json:"level,omitempty"`
	Labels     map[string]string `json:"labels,omitempty"`
	Scheme     string            `json:"scheme"`
	Scripts    []string          `json:"scripts"`
	Operations []Operation       `json:"operations"`
	Changes    []Change          `json:"changes"`
	Decisions  []Decision        `json:"decisions"`
	Warnings   []string          `json:"warnings"`
	Packages   []Package         `json:"packages"`
	TakesBack  []uint64          `json:"takes_back,omitempty"`  // undo, rollback: the transactions that no longer count
	MakesAgain []uint64          `json:"makes_again,omitempty"` // redo, rollback: the transactions that count again
	Before     string            `json:"before"`                // manifest of the guest before it
	After      string            `json:"after"`                 // manifest after it
	ParentHash string            `json:"parent_hash"`
	Hash       string            `json:"hash"` // SHA-256 over the record with this field empty, in hex
}

// Manifest is a captured boot configuration: every path that decides a boot,
// and the packages that own its scripts.
type Manifest struct {
	Entries  map[string]Entry  // by absolute path
	Packages map[string]string // version by package name
}
