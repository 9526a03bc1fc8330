#!/bin/sh
# Installs the programs that the tests start and that this machine lacks: on Debian with
# apt-get. On another system it says what is missing, and fails. The tests start their own
# servers and use no service of the system.
set -eu

# anywhere succeeds if one of its arguments is a program in PATH, or an executable file.
anywhere() {
	for program; do
		if command -v "$program" >/dev/null 2>&1 || [ -x "$program" ]; then return 0; fi
	done
	return 1
}

# missing prints the Debian packages whose programs this machine lacks.
missing() {
	anywhere redis-server || echo redis-server
	anywhere initdb /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb \
		/opt/homebrew/opt/postgresql@*/bin/initdb || echo postgresql
	anywhere psql /usr/lib/postgresql/*/bin/psql /usr/pgsql-*/bin/psql \
		/opt/homebrew/opt/postgresql@*/bin/psql || echo postgresql-client
	anywhere pgbouncer /usr/sbin/pgbouncer || echo pgbouncer
	anywhere chromium chromium-browser google-chrome google-chrome-stable chrome \
		"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" || echo chromium
	anywhere nginx /usr/sbin/nginx || echo nginx # the proxies of examples/proxy
	anywhere haproxy /usr/sbin/haproxy || echo haproxy
	anywhere caddy || echo caddy
	anywhere node || echo nodejs # for the routes of examples/publisher-nextjs, and Socket.IO's client
	anywhere npm || echo npm # installs that client under .cache
	anywhere "${CC:-cc}" gcc clang || echo gcc libc6-dev # for the race detector
}

if ! anywhere go; then
	echo "deps: Go is not installed; go.mod says which version, https://go.dev/dl has it" >&2
	exit 1
fi

lacking=$(missing | tr '\n' ' ')
[ -n "$lacking" ] || exit 0

if ! anywhere apt-get; then
	echo "deps: install these with this system's package manager: $lacking" >&2
	exit 1
fi
root=
if [ "$(id -u)" != 0 ]; then
	if ! anywhere sudo; then
		echo "deps: as root, run: apt-get install $lacking" >&2
		exit 1
	fi
	root=sudo
fi

echo "deps: the tests need programs that this machine lacks; apt-get will install: $lacking"
apt() { $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 "$@" </dev/null; }
apt update
# shellcheck disable=SC2086 # one word for each package
apt install --no-install-recommends $lacking

lacking=$(missing | tr '\n' ' ')
if [ -n "$lacking" ]; then
	echo "deps: installed, and still not found: $lacking" >&2
	exit 1
fi
