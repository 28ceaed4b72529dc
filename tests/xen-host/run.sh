#!/usr/bin/env bash
# run.sh PAYLOAD: boots what build.sh made, in QEMU, with the folder PAYLOAD as /work in domain 0 and in the guest, and
# runs PAYLOAD/dom0.sh in domain 0. There:
#   - xenstored runs, with /run/xenstored/socket, /dev/xen/xenbus and /proc/xen/capabilities as on any Xen host;
#   - `guest` starts a real paravirtual guest, which runs PAYLOAD/guest.sh over its own unprivileged /dev/xen/xenbus,
#     prints its console, each line after "guest| ", and exits as guest.sh did.
# Prints the console without the hypervisor's lines (.cache/console.log has them, too). Exits with the code of dom0.sh, or
# with 124 after XEN_HOST_S seconds (3600), or with 1 if domain 0 does not boot in XEN_HOST_BOOT_S seconds (600).
# XEN_HOST_ACCEL ("kvm", "tcg", or "kvm tcg" for the second if domain 0 does not boot with the first) overrides the choice.
set -euo pipefail
payload=$(realpath "${1:?usage: run.sh PAYLOAD}")
cd "$(dirname "${BASH_SOURCE[0]}")"
[[ -f $payload/dom0.sh ]] || { echo "run.sh: nothing to run: no dom0.sh in \"$1\"" >&2; exit 1; }
run_s=${XEN_HOST_S:-3600} boot_s=${XEN_HOST_BOOT_S:-600}

# KVM needs the processor's own virtualisation: a KVM that emulates it (/dev/kvm without vmx or svm) cannot run Xen.
accels=tcg
[[ -w /dev/kvm ]] && grep -qwE 'vmx|svm' /proc/cpuinfo && accels='kvm tcg'

scratch=$(mktemp -d) qemu=
console=$scratch/console
# The console gets its final name when it is complete, so that concurrent runs do not mix their output.
trap '[[ -z $qemu ]] || kill "$qemu" 2>/dev/null || true; mv "$console" .cache/console.log || true; rm -rf "$scratch"' EXIT
mkdir "$scratch/root" && cp -r "$payload" "$scratch/root/work"
(cd "$scratch/root" && find . | cpio --quiet -o -H newc) | cat .cache/root.cpio - >"$scratch/initrd"

# boot ACCEL: sets booted to "true" if domain 0 has booted, and code to the exit code of the run.
boot() {
  local accel=$1 cpu=host line status deadline=$((SECONDS + boot_s))
  # The oldest model that Bun's baseline build runs on. "max", as QEMU 7.2 emulates it, makes Xen crash domain 0 (by SMAP)
  # or, without SMAP, node and deno crash at random: 18 to 53 % of their runs, and none of 160 here.
  [[ $accel == kvm ]] || cpu=Westmere
  booted=false code=1
  : >"$console"
  exec 3< <(exec timeout -k 5 $((boot_s + run_s + 60)) qemu-system-x86_64 -accel "$accel" -cpu "$cpu" -smp 2 -m 4096 \
    -display none -monitor none -serial stdio -nic none -no-reboot \
    -kernel .cache/xen -append 'console=com1 com1=115200 serial_tx_buffer=1M bootscrub=off dom0_mem=2048M' \
    -initrd ".cache/vmlinuz console=hvc0 quiet TSXS_XEN=dom0,$scratch/initrd" </dev/null 2>&1)
  qemu=$!
  while true; do
    status=0
    IFS= read -r -t $((deadline > SECONDS ? deadline - SECONDS : 1)) line <&3 || status=$?
    ((status == 0)) || break
    line=${line//$'\r'/}
    printf '%s\n' "$line" >>"$console"
    [[ $line == '(XEN)'* ]] || printf '%s\n' "$line"
    case $line in
      'BOOTED dom0 '*) booted=true deadline=$((SECONDS + run_s)) ;;
      'EXIT dom0 '*) code=${line##* } ;;
      'KVM internal error'*) break ;;
    esac
  done
  kill "$qemu" 2>/dev/null || true
  wait "$qemu" || true
  qemu=
  exec 3<&-
  if ((status > 128)) && $booted; then code=124; fi
}

for accel in ${XEN_HOST_ACCEL:-$accels}; do
  boot "$accel"
  if $booted; then break; fi
  tail -15 "$console" >&2
  echo "run.sh: domain 0 did not come up, with $accel: see $PWD/.cache/console.log" >&2
done
((code != 124)) || echo "run.sh: dom0.sh was stopped: it ran longer than $run_s s" >&2
if $booted && ! grep -q '^EXIT dom0 ' "$console" && ((code != 124)); then
  echo "run.sh: domain 0 ended before dom0.sh did: see $PWD/.cache/console.log" >&2
fi
exit "$code"
