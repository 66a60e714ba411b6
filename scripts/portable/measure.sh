#!/bin/sh
# Measures shadegrad on a machine that has a GPU and its driver, but no Node, no Vulkan loader and no network. It is in a
# folder that `npm run portable` made; copy that folder to the machine and run
#
#   sh measure.sh [--out FILE] [--only NAME,NAME] [--recipes N] [--minutes M] [--work DIR] [--rehearse]
#
# Steps, in this order: devices, gradcheck, tune, bench, bench_untuned, peers, and with --recipes N one training per data
# set of the folder and seed 1 to N. Each has a time limit of its own, and one that fails only says so. All they print goes into
# one JSON, rewritten after every step.
#
#   --out FILE    the JSON (default: measured.json)
#   --only NAMES  only these steps, separated by commas
#   --recipes N   also full trainings, with N seeds
#   --minutes M   starts no step after this many minutes, and ends the one that runs then
#   --work DIR    where to unpack (default: a new temporary folder); used again, later calls add to the same JSON
#   --rehearse    short forms of all steps, on whatever adapter there is, to see that everything works
set -u
here=$(cd "$(dirname "$0")" && pwd)

fail() { printf 'measure: %s\n' "$*" >&2; exit 2; }

out=measured.json only='' recipes=0 minutes=1440 work='' rehearse=''
while [ $# -gt 0 ]; do
  case "$1" in
    --rehearse) rehearse=yes; shift; continue ;;
    --out | --only | --recipes | --minutes | --work) [ $# -gt 1 ] || fail "$1 needs a value" ;;
    *) fail "unknown option $1; see the head of measure.sh" ;;
  esac
  case "$1" in
    --out) out=$2 ;;
    --only) only=$2 ;;
    --recipes) recipes=$2 ;;
    --minutes) minutes=$2 ;;
    --work) work=$2 ;;
  esac
  shift 2
done
case "$recipes$minutes" in *[!0-9]*) fail '--recipes and --minutes take integers' ;; esac
for name in $(printf '%s' "$only" | tr ',' ' '); do
  case "$name" in
    devices | gradcheck | tune | bench | bench_untuned | peers | recipes) ;;
    *) fail "there is no step '$name'" ;;
  esac
done
case "$out" in /*) ;; *) out=$(pwd)/$out ;; esac
[ -n "$work" ] || work=$(mktemp -d)
mkdir -p "$work/steps" || fail "cannot write to $work"
work=$(cd "$work" && pwd)
end=$(($(date +%s) + minutes * 60))

# --- unpacking ---

if [ ! -e "$work/app/package.json" ]; then
  xz -dc "$here/node.xz" >"$work/node" && chmod +x "$work/node" || fail 'node.xz does not unpack'
  xz -dc "$here/app.tar.xz" | tar -C "$work" -xf - || fail 'app.tar.xz does not unpack'
  # Dawn looks beside itself for a Vulkan loader; a machine's own is better where there is one.
  if ! { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null; } | grep -q 'libvulkan\.so\.1'; then
    [ -e "$here/libvulkan.so.1" ] && cp "$here/libvulkan.so.1" "$work/app/node_modules/webgpu/dist/linux-x64/"
  fi
fi

# --- the driver: the loader finds it by a description, which minimal machines keep elsewhere or have not ---

describe_driver() {
  for known in /usr/share/vulkan/icd.d /etc/vulkan/icd.d; do
    ls "$known"/*nvidia* >/dev/null 2>&1 && return
  done
  for icd in /usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json /usr/lib/x86_64-linux-gnu/nvidia/vulkan/icd.d/nvidia_icd.json; do
    [ -f "$icd" ] && { VK_DRIVER_FILES=$icd; export VK_DRIVER_FILES; return; }
  done
  for library in /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/local/nvidia/lib64 /usr/lib/nvidia; do
    [ -e "$library/libGLX_nvidia.so.0" ] || continue
    printf '{"file_format_version":"1.0.0","ICD":{"library_path":"%s","api_version":"1.3.0"}}\n' \
      "$library/libGLX_nvidia.so.0" >"$work/nvidia_icd.json"
    VK_DRIVER_FILES=$work/nvidia_icd.json
    # The driver's other libraries are next to it.
    LD_LIBRARY_PATH=$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export VK_DRIVER_FILES LD_LIBRARY_PATH
    return
  done
}
if [ -z "${VK_DRIVER_FILES:-}" ] && { [ -e /dev/nvidiactl ] || [ -d /proc/driver/nvidia ]; }; then describe_driver; fi

# Caches are in the work folder, so that only this package uses them. HOME stays, because PyTorch may be installed there.
export XDG_CACHE_HOME="$work/cache" SHADEGRAD_NO_APT=1
unset NODE_OPTIONS NODE_PATH DEBUG
mkdir -p "$work/cache/shadegrad"
[ ! -d "$here/data" ] || cp -R "$here"/data/. "$work/cache/shadegrad/"
PATH="$work:$PATH"
export PATH

# --- the steps ---

{
  printf 'uname: '; uname -a
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.mem,power.limit --format=csv,noheader 2>&1
  sed -n 's/^model name[^:]*: /processor: /p' /proc/cpuinfo | sort | uniq -c
  printf 'VK_DRIVER_FILES: %s\n' "${VK_DRIVER_FILES:-}"
} >"$work/machine.txt" 2>&1

collect() { "$work/node" "$here/collect.mjs" "$work" "$here/portable.json" "$out"; }

wanted() { case ",${only:-$1}," in *",$1,"*) return 0 ;; *) return 1 ;; esac; }

# step NAME SECONDS ARGUMENTS…: one command of the command line, whose output is kept.
step() {
  name=$1 limit=$2
  shift 2
  begun=$(date +%s)
  [ "$limit" -le $((end - begun)) ] || limit=$((end - begun))
  [ "$limit" -gt 0 ] || { printf '%-16s not started: no time left\n' "$name"; return; }
  folder=$work/steps/$(printf '%02d' $(($(ls "$work/steps" | wc -l) + 1)))_$name
  mkdir "$folder"
  printf '%-16s at most %4d s … ' "$name" "$limit"
  (cd "$work/app" && exec timeout -k 10 "$limit" "$work/node" --enable-source-maps dist/cli.mjs "$@" --json) \
    >"$folder/stdout" 2>"$folder/stderr" </dev/null
  status=$?
  seconds=$(($(date +%s) - begun))
  printf '{"name":"%s","arguments":"%s","limitSeconds":%d,"seconds":%d,"status":%d}\n' \
    "$name" "$*" "$limit" "$seconds" "$status" >"$folder/outcome.json"
  case $status in
    0) printf 'done in %d s\n' "$seconds" ;;
    124 | 137) printf 'stopped at its limit\n' ;;
    *) printf 'failed (%d) after %d s: %s\n' "$status" "$seconds" "$(tail -n 1 "$folder/stderr" | cut -c 1-160)" ;;
  esac
  collect
}

cat "$work/machine.txt"
collect || fail 'Node does not run here, or the JSON cannot be written'

if [ -n "$rehearse" ]; then
  wanted devices && step devices 60 devices
  wanted gradcheck && step gradcheck 300 gradcheck --filter arg_max
  wanted tune && step tune 300 tune --model mlp --batch-size 8 --repeats 1
  wanted bench && step bench 300 bench --quick --only end-to-end --batch-size 8
  wanted bench_untuned && step bench_untuned 300 bench --quick --only end-to-end --batch-size 8 --no-tune
  wanted peers && step peers 300 bench --quick --only peers --batch-size 8
else
  wanted devices && step devices 60 devices
  wanted gradcheck && step gradcheck 900 gradcheck
  wanted tune && step tune 900 tune --batch-size 1,32,128,512
  wanted bench && step bench 900 bench
  wanted bench_untuned && step bench_untuned 600 bench --no-tune --only end-to-end,step,kernels
  wanted peers && step peers 600 bench --only peers
fi

if wanted recipes; then
  seed=1
  while [ "$seed" -le "$recipes" ]; do
    for data in "$here"/data/*/; do
      [ -d "$data" ] || continue
      dataset=$(basename "$data")
      set -- train --dataset "$dataset" --offline --seed "$seed" --out "$work/runs/$dataset-$seed"
      if [ -n "$rehearse" ]; then
        step "train_${dataset}_$seed" 300 "$@" --limit 200 --epochs 1 --model mlp
      else
        step "train_${dataset}_$seed" 1800 "$@"
      fi
    done
    seed=$((seed + 1))
  done
fi
printf 'written to %s\n' "$out"
