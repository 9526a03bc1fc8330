#!/bin/sh
# Fuzzes every target of the module, one after the other, for the time given, and adds up the
# executions.
set -eu
time=$1

out=$(mktemp)
trap 'rm -f "$out"' EXIT
total=0
count=0

# run fuzzes one target.
run() {
	go test -run '^$' -fuzz "^$2\$" -fuzztime "$time" "$1" </dev/null >"$out" 2>&1
}

for file in $(grep -rlE '^func Fuzz' --include='*_test.go' . | sort); do
	package=$(dirname "$file")
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		# The engine may report the end of its own time as a failure.
		if ! run "$package" "$name" && ! { grep -q '^ *context deadline exceeded$' "$out" && run "$package" "$name"; }; then
			cat "$out"
			echo "fuzz: FAIL: $package $name" >&2
			exit 1
		fi
		execs=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$out" | tail -n 1)
		printf '%-24s %-24s %12d executions\n' "$package" "$name" "${execs:-0}"
		total=$((total + ${execs:-0}))
		count=$((count + 1))
	done
done
if [ "$count" -lt 14 ]; then
	echo "fuzz: $count targets, want at least 14" >&2
	exit 1
fi
echo "fuzz: PASS: $count targets, $total executions"
