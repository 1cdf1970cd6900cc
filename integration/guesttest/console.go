package guesttest

import (
	"regexp"
	"slices"
	"strings"
)

var (
	escape = regexp.MustCompile(`\x1b(\[[0-9;?]*[A-Za-z]|[()][0-9A-Za-z]|[78=>])`)

	// failure matches what init, rc, startpar, log_end_msg and the programs that
	// scripts call print when something went wrong. Matching lines:
	//
	//	[fail], failed!, (warning).          log_end_msg of init-functions
	//	FATAL, ERROR, error:                 modprobe, kmod, insserv
	//	cannot, can't, couldn't, unable      open, mount, execute
	//	No such file, not found, not permitted, denied, missing, unknown
	//	read-only file system, is busy, no sensors found, not supported
	//	respawning too fast                  init
	failure = regexp.MustCompile(`(?i)\bfail(ed|ure)?\b|\(warning\)|\bwarning:|\berror\b|\bfatal\b|\bcannot\b|\bcan't\b|\bcouldn't\b|` +
		`\bunable\b|no such|not found|not permitted|\bdenied\b|\bmissing\b|\bunknown\b|read-only|\bbusy\b|no sensors|not supported|not support|` +
		`not defined|not started|already running|too fast|make sure`)
)

// consoleLines gives the lines of a console log as they would be read, without
// colours and empty lines.
func consoleLines(log []byte) []string {
	text := escape.ReplaceAllString(string(log), "")
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == 0 })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return slices.DeleteFunc(lines, func(line string) bool { return line == "" })
}

// failures gives the lines that report something going wrong.
func failures(lines []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !failure.MatchString(line) })
}
