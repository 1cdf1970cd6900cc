package lsb

// Action is what init asks of a script through a link.
type Action byte

// The two kinds of links: S runs the script with "start", K with "stop". In the
// runlevels 0 and 6 an S link also runs it with "stop".
const (
	Start Action = 'S'
	Stop  Action = 'K'
)

// Link is the name of a link in a runlevel directory, taken apart:
// /etc/rcN.d/[SK]NNname.
type Link struct {
	Runlevel Runlevel
	Action   Action
	Sequence int // 0 to 99
	Name     string
}

// ParseLink takes the base name of a link apart. Names that rc would not run,
// for lack of an S or K and two digits in front, give false.
func ParseLink(level Runlevel, base string) (Link, bool) {
	if len(base) < 4 || base[0] != 'S' && base[0] != 'K' || !isDigit(base[1]) || !isDigit(base[2]) {
		return Link{}, false
	}
	return Link{
		Runlevel: level,
		Action:   Action(base[0]),
		Sequence: int(base[1]-'0')*10 + int(base[2]-'0'),
		Name:     base[3:],
	}, true
}

// Base is the link's own name, as in "S03udev".
func (l Link) Base() string {
	return string([]byte{byte(l.Action), '0' + byte(l.Sequence/10), '0' + byte(l.Sequence%10)}) + l.Name
}

// Path is where the link stands inside a guest, as in "/etc/rcS.d/S03udev".
func (l Link) Path() string { return "/etc/" + l.Runlevel.Dir() + "/" + l.Base() }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
