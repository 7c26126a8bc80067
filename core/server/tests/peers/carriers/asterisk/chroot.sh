#!/bin/sh
# Asterisk for the tests of the peers, in a chroot of its own: Debian 12 has none, so it comes from sid. Some two minutes and
# 400 MB. Needs root and debootstrap. Nothing is mounted outside of this script's own mount namespace, no service is started.
#
#     sudo core/server/tests/peers/carriers/asterisk/chroot.sh /var/cache/strowger-asterisk
#     sudo --preserve-env=PATH,HOME STROWGER_TEST_ASTERISK=/var/cache/strowger-asterisk cargo xtask test
set -eu
root=${1:?usage: chroot.sh FOLDER}
if [ -x "$root/usr/sbin/asterisk" ]; then
    echo "$root: already there"
    exit 0
fi
command -v debootstrap >/dev/null || { echo "debootstrap is missing: apt-get install debootstrap" >&2; exit 1; }
# The mirror that this machine uses, where it says so in the new form.
mirror=$(sed -n 's/^URIs: *//p' /etc/apt/sources.list.d/debian.sources 2>/dev/null | head -1)
[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase sid "$root" "${mirror:-http://deb.debian.org/debian}"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
unshare --mount sh -eu -c '
    mount -t proc proc "$1/proc"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$1" apt-get -q -y --no-install-recommends install asterisk asterisk-modules
    chroot "$1" asterisk -V
    chroot "$1" apt-get clean
' sh "$root"
