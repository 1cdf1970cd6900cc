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

# list DIR: what each path of the guest in DIR holds, but for the ledger. The
# order of names in .depend.* does not count: insserv takes it from the order in
# which a directory happens to list its entries.
list() {
	(
		cd "$1"
		find . -path ./var/lib/bootledger -prune -o -printf '%p %M %U:%G %l\n'
		find . -path ./var/lib/bootledger -prune -o -type f ! -name '.depend.*' -exec sha256sum {} +
		for file in etc/init.d/.depend.*; do
			echo "$file $(tr ' ' '\n' <"$file" | sort | sha256sum)"
		done
	) | sort
}

# compare DIR WORDS: says whether the guest is the same as the one in DIR.
compare() {
	list "$1" >"$work/wanted"
	list "$guest" >"$work/actual"
	if ! diff "$work/wanted" "$work/actual"; then
		echo "The guest is NOT $2." >&2
		exit 1
	fi
	echo "The guest is $2."
}

mkdir "$guest" "$work/never-converted"
"$work/sample" unpack squeeze-startpar "$guest"
"$work/sample" unpack squeeze-startpar "$work/never-converted"
"$work/sample" upgrade "$work/never-converted"

heading 'A server with Debian 6.0 that boots with startpar'
run 0 status

heading 'It becomes an LXC guest'
run 0 convert --assume-yes

heading 'What was disabled, and why'
run 0 scripts

heading 'Its packages are upgraded, and apache2 is installed'
"$work/sample" upgrade "$guest"
cp -a "$guest" "$work/upgraded"
run 3 status
run 3 diff --order

heading 'What the upgrade brought back is disabled again'
run 0 reapply --assume-yes
run 0 status

heading 'That is undone'
run 0 undo --assume-yes
compare "$work/upgraded" 'what it was before'

heading 'All is taken back'
run 0 rollback 0 --assume-yes
compare "$work/never-converted" 'the same as one that was upgraded and never converted'
