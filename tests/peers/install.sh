#!/bin/sh
# install.sh: makes the real daemons, clients and stand-ins of this folder usable on Debian 12; run as root; may be repeated
#
# Installs missing packages with apt-get, starts no service, and compiles the two C files into .cache/ if they are newer.
# The python binding xen.lowlevel.xs comes with xen-utils-4.17, outside python's own path:
#   PYTHONPATH=/usr/lib/xen-4.17/lib/python /usr/bin/python3 -c 'import xen.lowlevel.xs'
set -eu

PACKAGES="bash-completion fish gcc libc6-dev libfuse3-dev libvirt-clients libxen-dev mandoc mount openssh-client openssh-server openssh-sftp-server pkg-config python3 python3-pyte python3-pyxs qemu-utils rsync strace util-linux xen-utils-4.17 xenstore-utils zsh"

here=$(cd "$(dirname "$0")" && pwd)
cache=$here/.cache
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
  echo "tests/peers/install.sh: $1" >&2
  [ ! -s "$work/log" ] || tail -n 20 "$work/log" >&2
  exit 1
}

missing() {
  for package in $PACKAGES; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) printf ' %s' "$package" ;;
    esac
  done
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@" >>"$work/log" 2>&1
}

# Debian's way to keep the scripts of packages from starting services. An existing file is not changed.
forbid_services() {
  policy=/usr/sbin/policy-rc.d
  [ ! -e $policy ] || return 0
  trap 'rm -rf "$work"; rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
}

install_packages() {
  wanted=$(missing)
  [ -n "$wanted" ] || return 0
  command -v apt-get >/dev/null || fail "cannot install$wanted: there is no apt-get"
  [ "$(id -u)" = 0 ] || fail "cannot install$wanted: not root"
  forbid_services
  # shellcheck disable=SC2086 # a list of words
  apt install -y --no-install-recommends $wanted && return 0
  apt update || fail "cannot update the package lists: apt-get failed"
  # shellcheck disable=SC2086
  apt install -y --no-install-recommends $wanted || fail "cannot install$wanted: apt-get failed"
}

# compile OUTPUT SOURCE.. -- COMPILER-ARGUMENT..
compile() {
  output=$cache/$1
  shift
  stale=
  while [ "$1" != -- ]; do
    [ "$output" -nt "$here/$1" ] || stale=yes
    shift
  done
  shift
  [ -n "$stale" ] || return 0
  # Renamed into place, so that a starting daemon finds either the old or the new file.
  cc -Wall -O1 -o "$output.$$" "$@" >"$work/log" 2>&1 || fail "cannot compile $output: the compiler failed"
  mv -f "$output.$$" "$output"
}

install_packages
mkdir -p "$cache"
compile hypervisor-stub.so hypervisor-stub.c guest-ring.h -- \
  -shared -fPIC -pthread "$here/hypervisor-stub.c" -ldl
# shellcheck disable=SC2046 # a list of words
compile xenbus-fuse xenbus-fuse.c -- \
  "$here/xenbus-fuse.c" $(pkg-config --cflags --libs fuse3)
