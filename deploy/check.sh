#!/bin/sh
# Checks the files for running the server as far as it goes without a container engine.
# What is not installed is skipped and said; what is checked and wrong fails.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT

check() { # what, command...
    what=$1
    shift
    if out=$("$@" 2>&1); then
        echo "ok       $what"
    else
        echo "FAILED   $what"
        failed=1
    fi
    [ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/         /'
}
skip() { echo "skipped  $1 ($2)"; }
have() { command -v "$1" >/dev/null 2>&1; }

for script in deploy/*.sh; do check "$script parses" sh -n "$script"; done

if have python3; then
    check "metrics, dashboard, alerts and compose agree" python3 -B deploy/queries.py
else
    skip "metrics, dashboard, alerts and compose agree" "no python3"
fi

# `config` reads the file alone and needs no daemon.
if docker compose version >/dev/null 2>&1; then
    compose() { POSTGRES_PASSWORD=$1 GRAFANA_PASSWORD=$1 docker compose --env-file /dev/null config -q; }
    check "docker compose reads its file" compose check
    refuses() { ! compose ""; }
    check "docker compose refuses to start without passwords" refuses >/dev/null
else
    skip "docker compose reads its file" "no docker compose"
fi

if have promtool; then
    check "prometheus reads its configuration" promtool check config deploy/prometheus.yml
    check "alerts fire when they should" promtool test rules deploy/alerts_test.yml
else
    skip "prometheus reads its configuration" "no promtool"
fi

if have systemd-analyze; then
    # The binary need not be installed where the unit is checked.
    sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|' deploy/systemd/strowger.service >"$work/strowger.service"
    check "systemd reads the unit" systemd-analyze verify --man=no "$work/strowger.service"
    if systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
        hardened() { systemd-analyze security --offline=yes --threshold=20 --no-pager "$work/strowger.service" >"$work/out" 2>&1 || { tail -n 3 "$work/out"; return 1; }; }
        check "the unit is hardened (exposure at most 2.0 of 10)" hardened
    fi
else
    skip "systemd reads the unit" "no systemd-analyze"
fi
if have systemd-sysusers; then
    check "systemd reads the user's entry" systemd-sysusers --dry-run "$PWD/deploy/systemd/strowger.sysusers"
fi

last_user() { [ "$(sed -n 's/^USER //p' Dockerfile | tail -n 1)" = strowger ]; }
check "the image runs as an ordinary user" last_user
health() { grep -q '^HEALTHCHECK .*"strowger", "status"' Dockerfile; }
check "the image has a health check" health

# It speaks: prompts with their attribution, and dialplans to say them.
speaks() {
    grep -q '^RUN .*prompts.sh /out/prompts' Dockerfile &&
        grep -q '^COPY --from=prompts /out/prompts /usr/share/strowger/prompts$' Dockerfile &&
        grep -q '^ENV STROWGER__MEDIA__PROMPTS=/usr/share/strowger/prompts$' Dockerfile &&
        for guest in hello office ivr; do
            grep -q "target/guests/$guest.wasm" Dockerfile && [ -d "dialplans/$guest" ] || return 1
        done
}
check "the image has prompts and dialplans" speaks
# The same attribution, whoever fetches them.
credited() {
    sed -n "/<<'TEXT'/,/^TEXT/p" deploy/prompts.sh | grep -v 'TEXT' | while read -r line; do
        sed 's/\\"/"/g' core/xtask/src/prompts.rs | grep -qF "$line" || { echo "not in xtask's: $line"; return 1; }
    done
}
check "prompts.sh and xtask write the same attribution" credited
refuses_no_folder() { ! sh deploy/prompts.sh >/dev/null; }
check "prompts.sh says how it is used" refuses_no_folder

# Where the server names its metrics, it names them all.
if grep -rq strowger_build_info core/*/src; then
    exported() {
        missing=0
        for name in $(sed -n 's/^\(strowger_[a-z_]*\).*/\1/p' deploy/metrics.txt); do
            grep -rqw "$name" core/*/src || { echo "$name"; missing=1; }
        done
        return $missing
    }
    check "every metric of metrics.txt is in the server's source" exported
fi

exit $failed
