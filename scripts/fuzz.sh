#!/bin/sh
# Fuzzes every target of the module, one after the other, for the time given.
set -eu
time=$1

# A package's targets are listed before the line that names the package.
listed=$(go test -list '^Fuzz' ./...)
targets=$(printf '%s\n' "$listed" | awk '
	/^Fuzz/ { names[n++] = $1 }
	/^ok/   { for (i = 0; i < n; i++) print $2, names[i]; n = 0 }')
if [ -z "$targets" ]; then
	echo "fuzz: no targets found" >&2
	exit 1
fi
printf '%s\n' "$targets" | while read -r package name; do
	echo "$package $name"
	go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" "$package" </dev/null
done
