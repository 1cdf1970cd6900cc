#!/bin/sh
# Converts a sample guest, upgrades it, reapplies, and takes everything back.
# Usage, from the top of the source: demo.sh BOOTLEDGER
set -eu

bootledger=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
guest=$work/guest
go build -o "$work/sample" ./integration/sample/cmd/sample

heading() {
	printf '\n== %s\n' "$1"
}

# run CODE ARGUMENT...: shows a call of bootledger and makes it; it must exit
# with CODE.
run() {
	wanted=$1
	shift
	printf '$ bootledger %s\n' "$*"
	code=0
	"$bootledger" --root="$guest" "$@" || code=$?
	if [ "$code" -ne "$wanted" ]; then
		echo "demo: bootledger $1 exited with $code, not with $wanted" >&2
		exit 1
	fi
}

# list DIR: what each path of the guest in DIR holds, but for the ledger.
list() {
	(
		cd "$1"
		find . -path ./var/lib/bootledger -prune -o -printf '%p %M %U:%G %l\n' | sort
		find . -path ./var/lib/bootledger -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
	)
}

mkdir "$guest"
"$work/sample" unpack squeeze-startpar "$guest"
list "$guest" >"$work/before"

heading 'A server with Debian 6.0 that boots with startpar'
run 0 status

heading 'It becomes an LXC guest'
run 0 convert --assume-yes --comment='moved to a container'

heading 'What was disabled, and why'
run 0 scripts

heading 'Its packages are upgraded, and apache2 is installed'
"$work/sample" upgrade "$guest"
run 3 status
run 3 diff

heading 'What the upgrade brought back is disabled again'
run 0 reapply --assume-yes --comment='after the upgrade'
run 0 status

heading 'The last transaction is undone'
run 0 undo --assume-yes

heading 'Back to before the first'
run 0 rollback 0 --assume-yes
list "$guest" >"$work/after"
if cmp -s "$work/before" "$work/after"; then
	echo 'The guest is what it was at the start.'
else
	echo 'The guest differs from what it was at the start:'
	diff "$work/before" "$work/after" || true
fi
