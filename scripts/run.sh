#!/bin/sh
# Builds, then runs one command of the command line: `sh scripts/run.sh train --limit 10`. See package.json.
set -eu
cd "$(dirname "$0")/.."
node scripts/build.mjs 1>&2
exec node --enable-source-maps dist/cli.mjs "$@"
