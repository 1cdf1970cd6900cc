package render

import (
	"encoding/json"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/bootledger/bootledger/boot/lsb"
	"github.com/bootledger/bootledger/snapshot"
	"github.com/bootledger/bootledger/state"
)

// JSON writes v on one line, or indented if pretty.
func JSON(w io.Writer, pretty bool, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	if pretty {
		encoder.SetIndent("", "  ")
	}
	return encoder.Encode(v)
}

// Failure is an error as JSON.
type Failure struct {
	Error struct {
		Kind    string   `json:"kind"`
		Message string   `json:"message"`
		Hint    string   `json:"hint"`
		Paths   []string `json:"paths,omitempty"`
	} `json:"error"`
}

// FailureOf shapes an error.
func FailureOf(e *snapshot.Error) Failure {
	var f Failure
	f.Error.Kind, f.Error.Message, f.Error.Hint, f.Error.Paths = string(e.Kind), e.Error(), e.Hint, e.Paths
	return f
}

type schemeJSON struct {
	Scheme   string         `json:"scheme"`
	Release  string         `json:"release"`
	Reason   string         `json:"reason"`
	Evidence []evidenceJSON `json:"evidence"`
}

type evidenceJSON struct {
	Path string `json:"path"`
	Fact string `json:"fact"`
}

type scriptJSON struct {
	Name     string         `json:"name"`
	Verdict  string         `json:"verdict"`
	Reason   string         `json:"reason"`
	Enabled  bool           `json:"enabled"`
	Start    []string       `json:"start"`
	Stop     []string       `json:"stop"`
	Sequence map[string]int `json:"sequence"`
	Package  string         `json:"package"`
	Intent   uint64         `json:"intent"`
	Kept     *keptJSON      `json:"kept"`
}

// keptJSON is a line of the guest's keep list.
type keptJSON struct {
	Script string `json:"script"`
	Path   string `json:"path"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

type whyJSON struct {
	scriptJSON
	Source  string    `json:"source"`
	Version string    `json:"version"`
	Events  []logJSON `json:"events"`
}

type planJSON struct {
	Scheme     string          `json:"scheme"`
	Operations []operationJSON `json:"operations"`
	Order      orderPairJSON   `json:"order"`
	Kept       []keptJSON      `json:"kept"`
	Warnings   []string        `json:"warnings"`
}

type orderPairJSON struct {
	Before map[string][]string `json:"before"`
	After  map[string][]string `json:"after"`
}

type operationJSON = state.Operation

type resultJSON struct {
	Transaction uint64          `json:"transaction"`
	Kind        string          `json:"kind"`
	DryRun      bool            `json:"dry_run,omitempty"`
	Scripts     []string        `json:"scripts"`
	Operations  []operationJSON `json:"operations"`
	Changes     []state.Change  `json:"changes"`
	TakesBack   []uint64        `json:"takes_back"`
	MakesAgain  []uint64        `json:"makes_again"`
	Kept        []keptJSON      `json:"kept"`
	Warnings    []string        `json:"warnings"`
}

type logJSON struct {
	ID      uint64            `json:"id"`
	Time    string            `json:"time"`
	Kind    string            `json:"kind"`
	Actor   state.Actor       `json:"actor"`
	Comment string            `json:"comment"`
	Labels  map[string]string `json:"labels"`
	Scripts []string          `json:"scripts"`
	State   string            `json:"state"`
	Hash    string            `json:"hash"`
}

type showJSON struct {
	logJSON
	Scheme     string           `json:"scheme"`
	Error      string           `json:"error,omitempty"`
	Operations []operationJSON  `json:"operations"`
	Changes    []state.Change   `json:"changes"`
	Decisions  []state.Decision `json:"decisions"`
	ParentHash string           `json:"parent_hash"`
	Packages   []state.Package  `json:"packages"`
	TakesBack  []uint64         `json:"takes_back"`
	MakesAgain []uint64         `json:"makes_again"`
	Warnings   []string         `json:"warnings"`
}

type diffJSON struct {
	From    string             `json:"from"`
	To      string             `json:"to"`
	Links   []linkChangeJSON   `json:"links"`
	Files   []fileChangeJSON   `json:"files"`
	Order   []orderChangeJSON  `json:"order"`
	Scripts []scriptChangeJSON `json:"scripts"`
}

type linkChangeJSON struct {
	Path   string       `json:"path"`
	Before *state.Entry `json:"before"`
	After  *state.Entry `json:"after"`
	Script string       `json:"script"`
}

type fileChangeJSON struct {
	Path   string       `json:"path"`
	Patch  string       `json:"patch"`
	Before *state.Entry `json:"before"`
	After  *state.Entry `json:"after"`
}

type orderChangeJSON struct {
	Runlevel  string `json:"runlevel"`
	Script    string `json:"script"`
	Before    int    `json:"before"`
	After     int    `json:"after"`
	Reordered bool   `json:"reordered"`
}

type scriptChangeJSON struct {
	Name    string      `json:"name"`
	Change  string      `json:"change"`
	Package string      `json:"package"`
	Version versionJSON `json:"version"`
}

type versionJSON struct {
	Before string `json:"before"`
	After  string `json:"after"`
}

type statusJSON struct {
	Scheme      string      `json:"scheme"`
	InSync      bool        `json:"in_sync"`
	Intents     int         `json:"intents"`
	Kept        []keptJSON  `json:"kept"`
	Drift       []driftJSON `json:"drift"`
	Last        *logJSON    `json:"last"`
	Interrupted uint64      `json:"interrupted"`
}

type driftJSON struct {
	Script  string `json:"script"`
	Kind    string `json:"kind"`
	Package string `json:"package"`
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Edit    string `json:"edit,omitempty"`
}

// list gives a copy that is encoded as [] and not as null when it is empty.
func list[T any](items []T) []T { return append([]T{}, items...) }

func logEntry(l snapshot.Logged) logJSON {
	labels := maps.Clone(l.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	return logJSON{
		ID: l.ID, Time: l.Time.UTC().Format(time.RFC3339), Kind: string(l.Kind), Actor: l.Actor, Comment: l.Comment,
		Labels: labels, Scripts: list(l.Scripts), State: l.State, Hash: l.Hash,
	}
}

func orderLists(order map[lsb.Runlevel][]string) map[string][]string {
	lists := map[string][]string{}
	for level, names := range order {
		lists[level.String()] = list(names)
	}
	return lists
}

func levels(links []lsb.Link, action lsb.Action) []string {
	found := []string{}
	for _, level := range lsb.AllRunlevels {
		if slices.ContainsFunc(links, func(l lsb.Link) bool { return l.Runlevel == level && l.Action == action }) {
			found = append(found, level.String())
		}
	}
	return found
}
