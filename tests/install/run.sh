#!/usr/bin/env bash
# Installs a copy of the checkout with the npm of the oldest Node and with the newest npm, and starts each tool.
#
# The newest npm runs an install script only if package.json allows it (`allowScripts`). Otherwise a tool is installed but
# unusable.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "tests/install/run.sh: $1" >&2
  exit 1
}

# The version of a tool in package.json.
pinned() { node -p 'require(process.argv[1]).devDependencies[process.argv[2]]' "$work/$1/package.json" "$2"; }

# check NAME OPTION...: installs with npm-NAME of tests/install on node-NAME of tests/runtimes.
check() {
  local name=$1 copy=$work/$1 bin=$work/bin-$1
  shift
  mkdir "$copy" "$bin"
  (cd "$root" && git -c safe.directory="$root" ls-files -z | tar --null -T - -cf -) | tar -xf - -C "$copy"
  ln -s "$root/tests/runtimes/node_modules/node-$name/bin/node" "$bin/node"
  ln -s "$here/node_modules/npm-$name/bin/npm-cli.js" "$bin/npm"
  (
    export PATH=$bin:$PATH
    cd "$copy"
    echo "Node $(node --version), npm $(npm --version 2>/dev/null)"
    npm install --no-audit --no-fund "$@"
    for tool in bun deno esbuild tsx; do
      version=$(node_modules/.bin/$tool --version) || fail "$tool does not start"
      [[ $version == *"$(pinned "$name" "$tool")"* ]] || fail "$tool is not the version of package.json: $version"
    done
    npm start >"$work/tour" 2>&1 || { cat "$work/tour"; fail "npm start fails"; }
  )
}

for directory in "$here" "$root/tests/runtimes"; do
  npm ci --no-audit --no-fund --loglevel=error --prefix "$directory"
done
check floor
# An install script that package.json neither allows nor denies is an error here, not a warning.
check newest --strict-allow-scripts
