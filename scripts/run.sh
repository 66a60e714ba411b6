#!/bin/sh
# Builds, then runs one command of the command line: `sh scripts/run.sh train --limit 10`. See package.json.
set -eu
cd "$(dirname "$0")/.."
node scripts/build.mjs 1>&2
# The clothing images come as a system package where there is one; with --offline or --data nothing is fetched.
case " $* " in
  *' --offline '* | *' --data'[' '=]*) ;;
  *[' '=]'fashion '*) sh scripts/setup.sh --fashion ;;
esac
exec node --enable-source-maps dist/cli.mjs "$@"
